"""Follow a run's folder and bring everything it says into a target, however often that refuses.

`python -m workbook.live.follow --book FULL_NAME --run-dir DIR` does so for a workbook that is open in Excel. It is a
process of its own: the training doesn't wait for Excel, nor end with it.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from filelock import FileLock, Timeout

from trainer.run import CONFIG, STATUS, Run, Status, load_run, read_status
from workbook.live.launch import OUTPUT, is_active
from workbook.live.target import Busy, Gone, Target, progress_of, status_line
from xlfuncs.errors import GradsheetError

Answer = TypeVar("Answer")
LOCK = ".follower"
POLL_SECONDS = 0.5
READ_ATTEMPTS = 10
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 2.0
HANDOVER_SECONDS = 5.0
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
    """Bring the run into the target until it ends; False if the target was closed before.

    A refusal is repeated with growing pauses for as long as it takes, in order: no row is lost, none comes twice.
    """
    try:
        done = insist(lambda: target.begin(folder), pause)
        told = None
        while True:
            now = read_patiently(folder, pause)
            if now.run and len(now.run.rows) > done:
                run, before = now.run, done
                insist(lambda: target.show(run, before), pause)  # noqa: B023 (called at once)
                done = len(run.rows)
            telling = status_line(now.status, now.run), progress_of(now.status, now.run)
            if telling != told:
                insist(lambda: target.tell(*telling), pause)  # noqa: B023
                told = telling
            if not now.active:
                return True
            pause(POLL_SECONDS)
    except Gone:
        return False


def insist(call: Callable[[], Answer], pause: Callable[[float], None] = time.sleep) -> Answer:
    """Call until it is not Busy."""
    wait = FIRST_PAUSE
    while True:
        try:
            return call()
        except Busy:
            pause(wait)
            wait = min(2 * wait, LONGEST_PAUSE)


def main(arguments: list[str] | None = None) -> None:
    """The process: one for each run."""
    from workbook.live.excel import OpenWorkbook

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--book", required=True)
    parser.add_argument("--run-dir", required=True, type=Path)
    args = parser.parse_args(arguments)
    target = OpenWorkbook(args.book)
    try:
        with FileLock(args.run_dir / LOCK, timeout=HANDOVER_SECONDS):
            follow(args.run_dir, target)
    except Timeout:
        return
    except GradsheetError as error:
        sentence = f"Failed: {error}"
        insist(lambda: target.tell(sentence, 0.0))


if __name__ == "__main__":
    main()
