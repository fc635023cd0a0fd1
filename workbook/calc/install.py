"""`gradsheet libreoffice install`, `remove` and `status`: the extension, brought into LibreOffice by its unopkg."""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from trainer.terminal import say
from workbook.calc import extension
from workbook.calc.component.child import Child, NoAnswerError
from xlfuncs.errors import OptionError, StartError

OXT = "gradsheet.oxt"
TIMEOUT = 180.0  # seconds for unopkg, which takes one
BRIDGE_SECONDS = 60.0
_FLATPAK = (
    "A LibreOffice from Flatpak or Snap can't start gradsheet's Python; take one from libreoffice.org or your system."
)
_FOLDERS = (
    "/usr/lib/libreoffice/program",
    "/usr/lib64/libreoffice/program",
    "/opt/libreoffice*/program",
    "/Applications/LibreOffice.app/Contents/MacOS",
    "C:/Program Files/LibreOffice/program",
    "C:/Program Files (x86)/LibreOffice/program",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `gradsheet libreoffice`."""
    parser.add_argument("what", choices=("install", "remove", "status"), help="what to do with the extension")
    parser.add_argument(
        "--unopkg", type=Path, metavar="FILE", help="LibreOffice's program unopkg (default: the one that is found)"
    )


def run(args: argparse.Namespace) -> int:
    """The command; returns the exit code: status gives 1 where the extension doesn't work."""
    unopkg = Unopkg(_found(args.unopkg))
    if args.what == "install":
        return install(unopkg)
    return remove(unopkg) if args.what == "remove" else status(unopkg)


class Unopkg:
    """LibreOffice's program that adds and removes extensions."""

    def __init__(self, program: Path):
        """Root installs for all users: the profile of root is nobody's."""
        self.program = program
        self.shared = sys.platform != "win32" and os.geteuid() == 0

    def __call__(self, command: str, *arguments: str) -> subprocess.CompletedProcess:
        """Run a command of it. Raises GradsheetError where it can't be run; what came of it is the caller's."""
        words = [str(self.program), command, *(["--shared"] if self.shared else []), *arguments]
        try:
            return subprocess.run(
                words,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise StartError(f"{self.program} doesn't answer; close LibreOffice and try again.") from error
        except OSError as error:
            raise StartError(f"{self.program} can't be run ({error.strerror}); give --unopkg.") from error

    def installed(self) -> tuple[str, str] | None:
        """The installed extension's version, and the Python that it calls; None where there is none."""
        listed = self("list", extension.IDENTIFIER)
        version = re.search(r"^\s*Version: (.*)$", listed.stdout, re.MULTILINE)
        calls = re.search(rf"{re.escape(extension.CALLS)}(.*)$", listed.stdout, re.MULTILINE)
        return (version[1], calls[1] if calls else "") if listed.returncode == 0 and version else None


def install(unopkg: Unopkg) -> int:
    """Put the extension into LibreOffice, in the place of an older one."""
    with tempfile.TemporaryDirectory(prefix="gradsheet-") as folder:
        path = Path(folder) / OXT
        with open(path, "wb") as file:
            extension.write(file)
        done = unopkg("add", "-f", "-s", str(path))
    if done.returncode:
        raise StartError(f"LibreOffice took no extension: {_reason(done)}.")
    whose = "for all users of this machine" if unopkg.shared else "for you"
    say(
        f"gradsheet {extension.gradsheet_version()} is in LibreOffice now, {whose}; it calls {sys.executable}.\n"
        "Start LibreOffice and type =BP_SIGMOID(0) into a cell: 0.5. For the Run Training button: gradsheet build "
        "lesson.xlsx --training"
    )
    return 0


def remove(unopkg: Unopkg) -> int:
    """Take the extension out of LibreOffice."""
    if unopkg.installed() is None:
        say("gradsheet is not in LibreOffice; nothing was to be removed.")
        return 0
    done = unopkg("remove", extension.IDENTIFIER)
    if done.returncode:
        raise StartError(f"LibreOffice kept the extension: {_reason(done)}.")
    say("gradsheet is out of LibreOffice.")
    return 0


def status(unopkg: Unopkg) -> int:
    """Say whether the extension is there, and whether the Python that it calls answers."""
    found = unopkg.installed()
    if found is None:
        say(f"gradsheet is not in LibreOffice ({unopkg.program.parent}); run gradsheet libreoffice install.")
        return 1
    version, python = found
    problem = _problem(python)
    say(f"gradsheet {version} is in LibreOffice ({unopkg.program.parent}) and calls {python}: {problem or 'it works.'}")
    return 1 if problem else 0


def _problem(python: str) -> str:
    """Why that Python can't answer, and what to do; empty where it does."""
    child = Child([python, *extension.command()[1:]], os.environ.get("PYTHONPATH"), lambda message: None, lambda: None)
    try:
        answer = child.ask({"call": "BP_SIGMOID", "arguments": [0.0]}, BRIDGE_SECONDS)
    except NoAnswerError:
        return "that doesn't answer; run gradsheet libreoffice install with the Python that has gradsheet."
    return "" if answer.get("cells") == [[0.5]] else "its answer is wrong; run gradsheet libreoffice install."


def _found(given: Path | None) -> Path:
    if given is not None:
        if not given.is_file():
            raise OptionError(f"{given} is no file; give --unopkg LibreOffice's program unopkg.")
        return given
    return next(_candidates())


def _candidates() -> Iterator[Path]:
    name = "unopkg.com" if sys.platform == "win32" else "unopkg"
    if on_path := shutil.which(name):
        yield Path(on_path)
    for folder in _FOLDERS:
        pattern = Path(folder)
        yield from (found for found in pattern.parent.parent.glob(f"{pattern.parent.name}/{pattern.name}/{name}"))
    raise StartError(f"LibreOffice was not found; install it, or give --unopkg its program {name}. {_FLATPAK}")


def _reason(done: subprocess.CompletedProcess) -> str:
    """What unopkg said went wrong, on one line, and the usual cure."""
    said = " ".join((done.stderr or done.stdout).replace("ERROR: unopkg failed.", "").split()).removeprefix("ERROR: ")
    return f"close LibreOffice if it is open, and try again (it says: {said[:300].rstrip('. ') or done.returncode})"
