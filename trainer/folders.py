"""Where the trainer keeps what belongs to the user and not to a project."""

import os
from datetime import datetime
from pathlib import Path

import platformdirs

from trainer.refusals import reason
from xlfuncs.errors import UnwritableError


def user_folder() -> Path:
    """The per-user folder for data and runs; the environment variable GRADSHEET_HOME puts it elsewhere."""
    home = os.environ.get("GRADSHEET_HOME")
    return Path(home) if home else platformdirs.user_data_path("gradsheet", appauthor=False)


def runs_folder() -> Path:
    """Where runs go when no folder is given, and where checkpoints are looked for."""
    return user_folder() / "runs"


def new_run_folder(recipe: str, dataset: str) -> Path:
    """A folder for a run that starts now; not made yet."""
    started = datetime.now().strftime("%Y%m%d-%H%M%S")
    name = f"{started}-{recipe}-{dataset}"
    names = [name, *(f"{name}-{k}" for k in range(2, 1000))]
    return next(runs_folder() / name for name in names if not (runs_folder() / name).exists())


def make_folder(folder: Path) -> None:
    """Create a run's folder; UnwritableError where that can't be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UnwritableError(f"The run folder {folder} can't be made: {reason(error)}.") from error
