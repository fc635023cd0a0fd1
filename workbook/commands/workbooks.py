"""What every command that writes a workbook does with its file: its name, the progress bar, the old file's new name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from trainer.terminal import say
from xlfuncs.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Callable

LONG_BUILD = 20_000  # table rows from which a progress bar is shown


def check_name(path: Path) -> None:
    """Raise OptionError for a name that no workbook has."""
    if path.suffix.lower() not in (".xlsx", ".xlsm"):
        raise OptionError(f"{path} must end in .xlsx, or in .xlsm for a workbook with macros.")


def has_macros(path: Path) -> bool:
    """Whether a workbook of that name has macros."""
    return path.suffix.lower() == ".xlsm"


def write_with_bar(contents: Callable[..., None], file: BinaryIO, path: Path, rows: int) -> None:
    """Let `contents(file, on_rows=…)` write the workbook that is to be `path`, with a bar where it has many rows."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), disable=rows < LONG_BUILD, transient=True) as progress:
        task = progress.add_task(f"writing {path.name}", total=rows)
        contents(file, on_rows=lambda done: progress.advance(task, done))


def say_kept(backup: Path | None) -> None:
    """Say where the file is that was there before, if there was one."""
    if backup is not None:
        say(f"The file that was there before is kept as {backup}.")
