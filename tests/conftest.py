"""Shared by all tests: where the data at hand lies, and LibreOffice as an independent calculator."""

import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from xlfuncs.network import DEFAULT, ITERATIONS, LEARNING_RATES

ROOT = Path(__file__).resolve().parent.parent
UNO_SCRIPT = Path(__file__).with_name("lo_recalc.py")
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

    def __init__(self, pipe: str):
        self.pipe = pipe

    def recalculate(self, path: Path, changes: dict | None = None) -> dict[str, list[list]]:
        """Every sheet's values from A1 to the last used cell; `changes` is {sheet: {cell: value}}."""
        return self._ask({"path": str(path), "changes": changes or {}})["sheets"]

    def charts(self, path: Path) -> dict[str, int]:
        """How many charts each sheet shows."""
        return self._ask({"path": str(path), "changes": {}})["charts"]

    def _ask(self, request: dict) -> dict:
        done = subprocess.run(
            [SYSTEM_PYTHON, str(UNO_SCRIPT), self.pipe],
            input=json.dumps(request),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="session")
def libreoffice(tmp_path_factory):
    soffice = shutil.which("soffice")
    has_uno = (
        subprocess.run([SYSTEM_PYTHON, "-c", "import uno"], capture_output=True, check=False).returncode == 0
        if (Path(SYSTEM_PYTHON).exists())
        else False
    )
    needs_program(bool(soffice) and has_uno, "LibreOffice with python3-uno is not installed")
    profile = tmp_path_factory.mktemp("libreoffice")
    pipe = f"gradsheet{os.getpid()}"
    options = ["--headless", "--norestore", "--nologo", f"--accept=pipe,name={pipe};urp;"]
    process = subprocess.Popen(
        [soffice, f"-env:UserInstallation={profile.as_uri()}", *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    program = LibreOffice(pipe)
    deadline = time.monotonic() + 120
    while subprocess.run([SYSTEM_PYTHON, str(UNO_SCRIPT), pipe, "ping"], capture_output=True, check=False).returncode:
        assert time.monotonic() < deadline, "LibreOffice did not start"
        time.sleep(0.3)
    yield program
    subprocess.run([SYSTEM_PYTHON, str(UNO_SCRIPT), pipe, "quit"], capture_output=True, check=False)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()


@pytest.fixture(scope="session")
def default_book(tmp_path_factory) -> Path:
    """The workbook as `gradsheet build` writes it."""
    from workbook.build import build

    path = tmp_path_factory.mktemp("book") / "default.xlsx"
    build(path, DEFAULT, LEARNING_RATES, ITERATIONS)
    return path
