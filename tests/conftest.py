"""Shared by all tests: where the data at hand lies, and LibreOffice as an independent calculator."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from xlfuncs.network import DEFAULT, ITERATIONS, LEARNING_RATES

ROOT = Path(__file__).resolve().parent.parent
UNO_SCRIPT = Path(__file__).with_name("lo_recalc.py")
CLICK_SCRIPT = Path(__file__).with_name("lo_click.py")
SYSTEM_PYTHON = "/usr/bin/python3"  # Debian's python3-uno belongs to it


def needs_program(found: bool, reason: str) -> None:
    """Skip where a program is absent; fail where it must be there (CI)."""
    if found:
        return
    if os.environ.get("GRADSHEET_REQUIRE_PROGRAMS"):
        pytest.fail(f"{reason}, and GRADSHEET_REQUIRE_PROGRAMS is set")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with the data that the project doesn't hold."""
    folder = Path(os.environ.get("GRADSHEET_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"{folder} is not here")
    return folder


class LibreOffice:
    """A running LibreOffice that opens a workbook, changes cells, recalculates everything and gives back values."""

    def __init__(self, pipe: str, environment: dict[str, str]):
        self.pipe, self.environment = pipe, environment

    def recalculate(self, path: Path, changes: dict | None = None) -> dict[str, list[list]]:
        """Every sheet's values from A1 to the last used cell; `changes` is {sheet: {cell: value}}.

        Without the sheet Functions: LibreOffice 7.4 has no LAMBDA.
        """
        return _known(self._ask({"path": str(path), "changes": changes or {}})["sheets"])

    def displayed(
        self, path: Path, cells: dict[str, str], changes: dict | None = None, *, as_opened: bool = False
    ) -> dict[str, list[list[str]]]:
        """What LibreOffice shows in the ranges `cells`, {sheet: range}, after `changes`.

        With `as_opened` not everything is recalculated, as when a user opens the file and edits cells.
        """
        request = {"path": str(path), "changes": changes or {}, "strings": cells, "as_opened": as_opened}
        return self._ask(request)["strings"]

    def print(self, path: Path, pdf: Path) -> None:
        """Print the workbook into a PDF."""
        self._ask({"path": str(path), "changes": {}, "pdf": str(pdf)})

    def recalculate_all(self, paths: list[Path]) -> list[dict[str, list[list]]]:
        """The same for many workbooks, which is ten times faster than one by one."""
        return [_known(answer["sheets"]) for answer in self._ask({"paths": [str(path) for path in paths]})]

    def charts(self, path: Path) -> dict[str, int]:
        """How many charts each sheet shows."""
        return self._ask({"path": str(path), "changes": {}})["charts"]

    def formulas_of_csv(self, path: Path, separators: Sequence[int]) -> list[str]:
        """The formulas in a CSV file that is cut at these characters."""
        request = {"path": str(path), "changes": {}, "separators": list(separators)}
        return self._ask(request)["formulas"]

    def save(self, path: Path, out: Path, changes: dict | None = None) -> None:
        """Open, change cells (texts and numbers) as above, and save as another workbook of the same kind."""
        self._ask({"path": str(path), "changes": changes or {}, "out": str(out)})

    def press_buttons(self, path: Path, commands: Path, how: str) -> dict:
        """Press every button of the sheet Training, see lo_click.py."""
        return json.loads(self._run(CLICK_SCRIPT, str(path), str(commands), how))

    def _ask(self, request: dict) -> dict:
        return json.loads(self._run(UNO_SCRIPT, text=json.dumps(request)))

    def _run(self, script: Path, *arguments: str, text: str = "") -> str:
        done = subprocess.run(
            [SYSTEM_PYTHON, str(script), self.pipe, *arguments],
            input=text,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


def _known(sheets: dict[str, list[list]]) -> dict[str, list[list]]:
    return {name: rows for name, rows in sheets.items() if name != "Functions"}


@contextmanager
def running_libreoffice(folder: Path, display: str | None = None) -> Iterator[LibreOffice]:
    """Start one with its own profile, without a window or on an X display, and end it afterwards."""
    pipe = f"gradsheet{os.getpid()}{'x' if display else ''}"
    options = ["--norestore", "--nologo", f"--accept=pipe,name={pipe};urp;"]
    options += [] if display else ["--headless"]
    environment = {**os.environ, **({"DISPLAY": display, "SAL_USE_VCLPLUGIN": "gen"} if display else {})}
    process = subprocess.Popen(
        [shutil.which("soffice"), f"-env:UserInstallation={folder.as_uri()}", *options],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while subprocess.run([SYSTEM_PYTHON, str(UNO_SCRIPT), pipe, "ping"], capture_output=True, check=False).returncode:
        assert time.monotonic() < deadline, "LibreOffice did not start"
        time.sleep(0.3)
    yield LibreOffice(pipe, environment)
    subprocess.run([SYSTEM_PYTHON, str(UNO_SCRIPT), pipe, "quit"], capture_output=True, check=False)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()


def needs_libreoffice() -> None:
    """Skip, or in CI fail, where LibreOffice or its Python is absent."""
    has_uno = (
        Path(SYSTEM_PYTHON).exists()
        and subprocess.run([SYSTEM_PYTHON, "-c", "import uno"], capture_output=True, check=False).returncode == 0
    )
    needs_program(bool(shutil.which("soffice")) and has_uno, "LibreOffice with python3-uno is not installed")


@pytest.fixture(scope="session")
def libreoffice(tmp_path_factory):
    needs_libreoffice()
    with running_libreoffice(tmp_path_factory.mktemp("libreoffice")) as program:
        yield program


@pytest.fixture
def screen() -> Iterator[str]:
    """The name of an X display of its own, on which a mouse can click."""
    needs_program(bool(shutil.which("Xvfb") and shutil.which("xdotool")), "Xvfb and xdotool are not installed")
    reader, writer = os.pipe()
    process = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1600x1000x24"],
        pass_fds=[writer],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(writer)
    with open(reader) as said:
        display = f":{said.readline().strip()}"
    yield display
    process.terminate()
    process.wait(20)


@pytest.fixture
def libreoffice_on_screen(screen, tmp_path):
    """One with windows, on an X display of its own."""
    needs_libreoffice()
    with running_libreoffice(tmp_path / "profile", screen) as program:
        yield program


@pytest.fixture(scope="session")
def default_book(tmp_path_factory) -> Path:
    """The workbook as `gradsheet build` writes it."""
    from workbook.build import build

    path = tmp_path_factory.mktemp("book") / "default.xlsx"
    build(path, DEFAULT, LEARNING_RATES, ITERATIONS)
    return path


@pytest.fixture(scope="session")
def macro_book(tmp_path_factory) -> Path:
    """The macro workbook as `gradsheet build` writes it."""
    from workbook.build import build

    path = tmp_path_factory.mktemp("book") / "default.xlsm"
    build(path, DEFAULT, LEARNING_RATES, ITERATIONS, formulas="udf", macros=True)
    return path
