"""How a run shows itself while it trains: silent, or a bar an epoch on the terminal."""

from typing import Any

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn
from rich.progress import Progress as Bars

from trainer.terminal import printable


class Progress:
    """The silent one, and the interface: a context manager that is told what happens."""

    def __enter__(self) -> "Progress":
        """Begin to show."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Stop showing."""

    def say(self, text: str) -> None:
        """Print a line."""

    def start_epoch(self, epoch: int, epochs: int, batches: int) -> None:
        """An epoch of so many batches begins, counted from 1."""

    def advance(self, batch: int, images_per_second: float, seconds_left: float) -> None:
        """So many batches of the epoch are done; seconds_left is for the whole run."""


class Lines(Console):
    """The terminal: there lines are broken between words; elsewhere each stays whole, so that programs can read it."""

    def __init__(self, **options: Any):
        """A rich console that colours nothing by itself."""
        super().__init__(highlight=False, **options)
        self.soft_wrap = not self.is_terminal

    def on_broken_pipe(self) -> None:
        """Raise the BrokenPipeError that rich is handling; left to itself it would end the process with 1."""
        raise


class TerminalProgress(Progress):
    """Lines on the console; on a terminal also a bar with images/s and the time left."""

    def __init__(self, console: Console | None = None):
        """Write to that console, or to standard output."""
        self.console = console or Lines()
        self.bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %  {task.fields[rate]:,.0f} images/s  {task.fields[left]} left"),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal,
        )
        self.task: TaskID | None = None

    def __enter__(self) -> "TerminalProgress":
        """Show the bar."""
        self.bars.start()
        return self

    def __exit__(self, *exception: object) -> None:
        """Take the bar away."""
        self.bars.stop()

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        self.console.print(printable(text), markup=False)

    def start_epoch(self, epoch: int, epochs: int, batches: int) -> None:
        """A new bar in place of the last epoch's."""
        if self.task is not None:
            self.bars.remove_task(self.task)
        self.task = self.bars.add_task(f"Epoch {epoch} of {epochs}", total=batches, rate=0.0, left="?")

    def advance(self, batch: int, images_per_second: float, seconds_left: float) -> None:
        """Move the bar."""
        assert self.task is not None, "start_epoch comes first"
        left = f"{seconds_left // 60:.0f}:{seconds_left % 60:02.0f}"
        self.bars.update(self.task, completed=batch, rate=images_per_second, left=left)
