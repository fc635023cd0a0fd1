"""Start processes that outlive the one that starts them, and know whether a training is at work in a folder."""

import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from trainer.folders import make_folder, runs_folder
from trainer.refusals import reason, unwritable
from trainer.run import STATUS, STOP, is_running
from xlfuncs.errors import StartError

WORKER_LOCK, OUTPUT = ".worker", "output.txt"
START_SECONDS = 60.0
_NO_WINDOW, _NEW_GROUP, _BREAKAWAY = 0x08000000, 0x00000200, 0x01000000
"""Windows' CREATE_NO_WINDOW, CREATE_NEW_PROCESS_GROUP, CREATE_BREAKAWAY_FROM_JOB."""


def is_own(folder: Path) -> bool:
    """Whether the folder lies in the user's own runs folder. Only its name is looked at, the disk isn't asked.

    A workbook from somebody else may name any folder, and only to look for one on a server of theirs would tell that
    server who the user is.
    """
    if not folder.is_absolute():
        return False
    runs, named = (Path(os.path.normcase(os.path.abspath(path))) for path in (runs_folder(), folder))
    return runs in named.parents


def is_active(folder: Path) -> bool:
    """Whether a process is training in the folder, or getting ready to."""
    return _is_held(folder / WORKER_LOCK) or is_running(folder)


def _is_held(path: Path) -> bool:
    if not path.exists():
        return False
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except (Timeout, OSError):
        return True
    lock.release()
    return False


def start_worker(folder: Path, arguments: list[str]) -> None:
    """Start a training in the folder and wait until it holds it, so that a second click finds it at work.

    That takes the start of Python, not of PyTorch. Raises GradsheetError where it doesn't start.
    """
    make_folder(folder)
    for of_before in (folder / STATUS, folder / STOP):  # an earlier end, an earlier wish to end, are not this one's
        try:
            of_before.unlink(missing_ok=True)
        except OSError as error:
            raise unwritable(of_before, error) from error
    with open(folder / OUTPUT, "ab") as output:
        process = detached("workbook.live.worker", ["--folder", str(folder), *arguments], output)
    deadline = time.monotonic() + START_SECONDS
    while not is_active(folder):
        if process.poll() is not None or time.monotonic() > deadline:
            return  # it ended at once: the folder says why
        time.sleep(0.02)


def note(folder: Path, text: str) -> None:
    """Write a text down where the run's processes say what goes wrong, if there is such a place still."""
    with suppress(OSError), open(folder / OUTPUT, "a", encoding="utf-8") as output:
        output.write(f"{text}\n")


def detached(module: str, arguments: list[str], output) -> subprocess.Popen:
    """Run a module in a process without a window, which goes on when this one and its parent end."""
    # -P: a file in Excel's current folder can't take the place of one of gradsheet's modules.
    command = [sys.executable, "-P", "-m", module, *arguments]
    streams = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": output}
    try:
        if sys.platform != "win32":
            return subprocess.Popen(command, start_new_session=True, **streams)
        try:
            return subprocess.Popen(command, creationflags=_NO_WINDOW | _NEW_GROUP | _BREAKAWAY, **streams)
        except PermissionError:  # Excel's job lets nobody out: then without
            return subprocess.Popen(command, creationflags=_NO_WINDOW | _NEW_GROUP, **streams)
    except OSError as error:
        raise StartError(f"Python can't be started ({reason(error)}): {sys.executable}") from error


def open_folder(folder: Path) -> None:
    """Show a folder in the system's file manager."""
    if sys.platform == "win32":
        os.startfile(folder)
    else:
        opener = "open" if sys.platform == "darwin" else "xdg-open"
        try:
            subprocess.Popen([opener, str(folder)], start_new_session=True)
        except OSError as error:
            raise StartError(f"No program shows folders here; the run is in {folder}.") from error
