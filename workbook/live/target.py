"""What buttons and follower need of a program in which a workbook is open, and the words for a run's status.

A host is one module (or object) with the two functions of Host, and its open workbooks are Targets; Excel's is
`workbook.live.excel`. Whatever holds for every host stands in `buttons` and `follow`, which need none of them.
"""

from pathlib import Path
from typing import Protocol

from trainer.run import Run, Status
from xlfuncs.errors import GradsheetError


class Blocked(Exception):  # noqa: N818 (nothing is lost)
    """Somebody has to do something first, which its text says as a sentence. Then the same call works."""


class Gone(Exception):  # noqa: N818
    """It was closed, and that is proven: no call will work again."""


class StillBusyError(GradsheetError):
    """The program stayed busy for as long as one could wait."""


class Target(Protocol):
    """An open workbook that shows one run. Every call may be repeated, and any may raise Blocked or Gone."""

    @property
    def full_name(self) -> str:
        """By which the host finds it again."""

    def begin(self, folder: Path) -> None:
        """Turn to the run of that folder; the epochs of another one are taken away."""

    def run_folder(self) -> Path | None:
        """The folder of the run that it shows; None before the first one."""

    def settings(self) -> dict[str, object]:
        """What the settings' cells hold, by name: None for a blank one, an error's name for an error."""

    def show(self, run: Run) -> None:
        """See to it that every epoch of the run stands there once, whatever was done to the rows since."""

    def tell(self, line: str, progress: float) -> None:
        """Show the status in one line, and how much is done, from 0 to 1."""

    def notice(self, sentence: str) -> None:
        """Say what a person has to know: in the status line or, where that can't be written, where one looks too."""


class Host(Protocol):
    """A program that shows workbooks. Its buttons wait for both calls to return, so neither may take long."""

    def pressed(self) -> Target:
        """The workbook whose button was pressed. Raises StillBusyError, or Gone where it can't be found."""

    def start_follower(self, folder: Path, target: Target) -> None:
        """Start to bring the run's rows into the workbook (`follow.follow_alone`), beside whatever goes on here.

        It may be started twice for one run: the second one ends by itself.
        """


def status_line(status: Status, run: Run | None) -> str:
    """The status in words: what it does, epoch, speed, time left, device, or what went wrong."""
    if status.state in ("failed", "interrupted"):
        return f"{status.state.capitalize()}: {status.message}"
    if status.state == "stopped":
        return f"Stopped after {len(run.rows) if run else 0} epochs; Resume goes on from there."
    parts = [status.state.capitalize()]
    if status.batch:
        parts.append(f"epoch {status.epoch} of {status.epochs}")
        parts.append(f"{status.images_per_second:,.0f} images/s")
        if status.seconds_left is not None:
            parts.append(f"{clock(status.seconds_left)} left")
    parts += [run.config.device_name] if run else []
    parts += [status.message] if status.message else []
    return " · ".join(parts)


def progress_of(status: Status, run: Run | None) -> float:
    """How much of the run is done, from 0 to 1."""
    if run is None:
        return 0.0
    # A status may be a moment older than the log: its batches count only for the epoch behind the last one.
    is_next = status.batches and status.epoch == len(run.rows) + 1
    of_epoch = status.batch / status.batches if is_next else 0.0
    return min(1.0, (len(run.rows) + of_epoch) / run.config.recipe.epochs)


def clock(seconds: float) -> str:
    """1:05 or 2:00:10."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
