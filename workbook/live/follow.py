"""Follow a run's folder and bring everything it says into a target, however often that refuses."""

import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from trainer.run import CONFIG, STATUS, Run, Status, load_run, read_status
from workbook.endings import ending_of
from workbook.live.launch import OUTPUT, is_active, note
from workbook.live.target import Blocked, Gone, Target, progress_of, status_line
from xlfuncs.errors import GradsheetError

LOCK = ".follower"
POLL_SECONDS, BLOCKED_SECONDS = 0.5, 2.0
READ_ATTEMPTS = 10
DONE, FAILED, CLOSED, FOLLOWED = 0, 1, 3, 4  # how follow_alone ended
HANDOVER_SECONDS = 15.0
"""How long a second follower waits for the first, which may be about to see that its workbook was closed."""


@dataclass(frozen=True)
class Snapshot:
    """What a run's folder says at one moment. `run` is None before there is one."""

    active: bool
    run: Run | None
    status: Status


def read(folder: Path) -> Snapshot:
    """Read the folder. Activity is asked first: what ends later is read again."""
    if not folder.is_dir():
        raise GradsheetError(f"The run's folder {folder} is gone; the rows stay as they are.")
    active = is_active(folder)
    run = load_run(folder) if (folder / CONFIG).is_file() else None
    status = read_status(folder) if (folder / STATUS).is_file() else _unsaid(folder, active)
    return Snapshot(active, run, status)


def _unsaid(folder: Path, active: bool) -> Status:
    """The status of a run that wrote none: it is on its way to, or its process ended before it could."""
    if active:
        return Status("starting")
    return Status("interrupted", message=f"The process ended before it trained ({folder / OUTPUT} may say why).")


def read_patiently(folder: Path, pause: Callable[[float], None] = time.sleep) -> Snapshot:
    """Read the folder; a file that is being replaced at this moment may refuse, on Windows, and is asked again."""
    for _ in range(READ_ATTEMPTS - 1):
        try:
            return read(folder)
        except GradsheetError:
            pause(POLL_SECONDS)
    return read(folder)


def follow(folder: Path, target: Target, pause: Callable[[float], None] = time.sleep) -> bool:
    """Bring the run into the target until it ends; False if the target was closed, or shows another run, before.

    Each time, all that the run has is compared with what stands there: whatever was refused, lost or changed by hand
    comes again, and nothing twice. While somebody's help is needed (Blocked), that is said and nothing given up.
    """
    told = said = None
    try:
        while True:
            try:
                shown = target.run_folder()
                if shown is None:
                    target.begin(folder)
                elif shown != folder:
                    return False
                now = read_patiently(folder, pause)
                if now.run:
                    target.show(now.run)
                telling = status_line(now.status, now.run), progress_of(now.status, now.run)
                if telling != told:
                    target.tell(*telling)
                    told, said = telling, None
                if not now.active:
                    return True
                pause(POLL_SECONDS)
            except Blocked as blocked:
                sentence, told = str(blocked), None
                if sentence != said:
                    note(folder, sentence)
                    with suppress(Blocked):  # the folder says it all the same
                        target.notice(sentence)
                    said = sentence
                pause(BLOCKED_SECONDS)
    except Gone:
        return False


def follow_alone(folder: Path, target: Target, pause: Callable[[float], None] = time.sleep) -> int:
    """Follow as the run's only follower, and say in the target what goes wrong: a host's process or thread.

    Returns DONE, FAILED, CLOSED (or another run is shown), or FOLLOWED by another one. Raises nothing.
    """
    try:
        with FileLock(folder / LOCK, timeout=HANDOVER_SECONDS):
            return DONE if follow(folder, target, pause) else CLOSED
    except Timeout:
        return FOLLOWED
    except Exception as error:
        _say(folder, target, error)
        return FAILED


def _say(folder: Path, target: Target, error: Exception) -> None:
    """What ended the following, as a sentence in the workbook, if that still is there."""
    if ending := ending_of(error):
        sentence = f"Failed: {ending.sentence}"
    else:
        what = f"{type(error).__name__}: {error}"
        sentence = f"No more rows come, by a fault of gradsheet's own ({what}); the training isn't touched by that."
        note(folder, traceback.format_exc())
    with suppress(Gone, Blocked):
        target.notice(sentence)
