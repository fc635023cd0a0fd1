"""A run is a folder, and the folder is the only truth about it.

    config.json   what was asked for, and on what it runs; written once
    last.pt       model, optimizer and log after the last finished epoch: all that a resume needs
    best.pt       the weights of the best epoch, see log.best_row
    epochs.csv    the log
    status.json   state, epoch, batch, images/s, seconds left, message
    stop          if this file appears, the run ends

Every file is written whole. last.pt comes first after an epoch; the others follow from it, so that a resume after a
kill between two writes puts them right. The .pt files are checkpoint.py's: here nothing loads torch, so that a program
that only follows a run is light.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from trainer.log import EpochRow, best_row, from_csv
from trainer.recipes import Recipe
from workbook.files import write_whole
from xlfuncs.errors import GradsheetError

CONFIG, LAST, BEST, LOG, STATUS, STOP, LOCK = (
    "config.json",
    "last.pt",
    "best.pt",
    "epochs.csv",
    "status.json",
    "stop",
    ".lock",
)


@dataclass(frozen=True, kw_only=True)
class Config:
    """What a run was asked for (first part) and on what it runs (second part); config.json holds nothing else."""

    recipe: Recipe
    dataset: str
    data_dir: str | None
    seed: int
    device: str
    target: float | None = None
    holdout: int = 0
    dry_run: bool = False

    data_label: str
    train_images: int
    test_images: int
    device_name: str
    threads: int
    bfloat16: bool
    compiled: bool
    versions: dict[str, str] = field(default_factory=dict)
    git_commit: str | None = None


@dataclass
class Run:
    """A run's folder, configuration and log, as read or as being written."""

    folder: Path
    config: Config
    rows: list[EpochRow] = field(default_factory=list)
    stopped_by: int | None = None  # the signal that ended this process's training, if one did

    @property
    def best(self) -> EpochRow | None:
        """The best epoch so far."""
        return best_row(self.rows)

    @property
    def last(self) -> EpochRow | None:
        """The last finished epoch."""
        return self.rows[-1] if self.rows else None

    @property
    def finished(self) -> bool:
        """Whether nothing is left to train: all epochs are done, or the target is reached."""
        return len(self.rows) >= self.config.recipe.epochs or self.reached_target

    @property
    def reached_target(self) -> bool:
        """Whether an epoch reached the target accuracy; False without a target."""
        target = self.config.target
        return target is not None and self.best is not None and self.best.test_accuracy >= target


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the run for this process; the operating system lets go of it whatever ends the process."""
    lock = FileLock(folder / LOCK)
    try:
        # Not at once: somebody who only asks is_running holds the lock for a moment.
        lock.acquire(timeout=1)
    except Timeout as error:
        raise GradsheetError(f"Another process is training in {folder}; wait for it, or choose another one.") from error
    except OSError as error:
        raise GradsheetError(f"{folder} can't be written: {error.strerror}.") from error
    try:
        yield
    finally:
        lock.release()


def is_running(folder: Path) -> bool:
    """Whether a process holds this run now."""
    if not (folder / LOCK).exists():
        return False
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except (Timeout, OSError):
        return True
    lock.release()
    return False


def create_run(folder: Path, config: Config) -> Run:
    """Start a run in a folder that holds none; raises GradsheetError where there is one."""
    if (folder / CONFIG).exists():
        raise GradsheetError(f"{folder} holds a run already; go on with --resume {folder}, or choose another folder.")
    _write_json(folder / CONFIG, asdict(config))
    return Run(folder, config)


def load_run(folder: Path | str) -> Run:
    """Read a run's configuration and log; raises GradsheetError where the folder holds no run or a damaged one."""
    run = load_config(folder)
    log = run.folder / LOG
    if log.is_file():
        run.rows = from_csv(_read_text(log), str(log))
    return run


def load_config(folder: Path | str) -> Run:
    """Read a run's configuration alone; a resume takes the log from last.pt."""
    folder = Path(folder)
    if not (folder / CONFIG).is_file():
        raise GradsheetError(f"{folder} is no run folder: it has no {CONFIG}; give the folder that a training made.")
    values = _read_json(folder / CONFIG)
    try:
        recipe = Recipe(**values.pop("recipe"))
        config = Config(recipe=recipe, **{f.name: values[f.name] for f in fields(Config) if f.name in values})
    except (KeyError, TypeError, AttributeError) as error:
        raise GradsheetError(
            f"{folder / CONFIG} is damaged, or from another version of gradsheet ({error})."
        ) from error
    return Run(folder, config)


@dataclass(frozen=True)
class Status:
    """What a run is doing. state: running, finished, stopped, failed, or interrupted (its process is gone)."""

    state: str
    epoch: int = 0
    epochs: int = 0
    batch: int = 0
    batches: int = 0
    images_per_second: float = 0.0
    seconds_left: float | None = None
    message: str = ""


def write_status(folder: Path, status: Status) -> None:
    """Replace status.json."""
    _write_json(folder / STATUS, asdict(status))


def read_status(folder: Path | str) -> Status:
    """The status; a run that says it is running while no process holds it was interrupted."""
    folder = Path(folder)
    values = _read_json(folder / STATUS)
    try:
        status = Status(**values)
    except TypeError as error:
        raise GradsheetError(f"{folder / STATUS} is damaged ({error}).") from error
    if status.state == "running" and not is_running(folder):
        return Status(**{**asdict(status), "state": "interrupted", "message": "The process ended; resume the run."})
    return status


def write_text(path: Path, text: str) -> None:
    """Replace a text file of the folder, whole or not at all."""
    with write_whole(path) as file:
        file.write(text.encode())


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise GradsheetError(f"{path} can't be read or is damaged ({error}).") from error


def _write_json(path: Path, values: dict[str, Any]) -> None:
    write_text(path, json.dumps(values, indent=2, ensure_ascii=False) + "\n")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(_read_text(path))
    except json.JSONDecodeError as error:
        raise GradsheetError(f"{path} is damaged ({error}).") from error
    if not isinstance(values, dict):
        raise GradsheetError(f"{path} is damaged: it holds no object.")
    return values
