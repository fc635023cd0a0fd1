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
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from trainer.files import write_whole
from trainer.log import EpochRow, best_row, checked_rows, from_csv
from trainer.names import DATASETS, DEVICES
from trainer.recipes import Recipe, check
from trainer.refusals import unreadable, unwritable
from trainer.schema import Mismatch, choice, harmless, number, read
from xlfuncs.errors import DamagedError, FileTakenError, GradsheetError, OptionError, RunError, UnreadableError

CONFIG, LAST, BEST, LOG, STATUS, STOP, LOCK = (
    "config.json",
    "last.pt",
    "best.pt",
    "epochs.csv",
    "status.json",
    "stop",
    ".lock",
)
STATES = ("starting", "running", "finished", "stopped", "failed", "interrupted")
CURES = {
    CONFIG: "put the original back, or start a new run",
    LAST: "train again, in another folder; the log and best.pt are still there",
    BEST: "train again",
    LOG: "go on with --resume, which writes it anew from last.pt",
    STATUS: "remove it; the next training writes it anew",
}
SEEDS = 2**32  # numpy's and torch's
MOST_THREADS = 4096
LARGEST = 64 * 2**20  # bytes of a file; ours have a few hundred thousand at most
JSON_ERRORS = (ValueError, RecursionError)  # no JSON; a number of 5,000 digits; 10,000 brackets


@dataclass(frozen=True, kw_only=True)
class Config:
    """What a run was asked for (first part) and on what it runs (second part); config.json holds nothing else."""

    recipe: Recipe
    dataset: str = choice(DATASETS)
    data_dir: str | None
    seed: int = number(0, SEEDS - 1)
    device: str = choice(DEVICES[1:])
    target: float | None = number(0, 100, above=True, default=None)
    holdout: int = number(0, default=0)
    dry_run: bool = False

    data_label: str
    train_images: int = number(1)
    test_images: int = number(1)
    device_name: str
    threads: int = number(1, MOST_THREADS)
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
    done_before: int = 0  # epochs that this process found done

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
        raise RunError(f"Another process is training in {folder}; wait for it, or choose another one.") from error
    except OSError as error:
        raise unwritable(folder, error) from error
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
    """Start a run in a folder. Raises FileTakenError where there is one, OptionError where it couldn't be read back."""
    if (folder / CONFIG).exists():
        raise FileTakenError(f"{folder} holds a run already; go on with --resume {folder}, or choose another folder.")
    try:
        read(Config, asdict(config))
    except Mismatch as error:
        raise OptionError(f"A run can't be made of this: {error}.") from error
    _write_json(folder / CONFIG, asdict(config))
    return Run(folder, config)


def load_run(folder: Path | str) -> Run:
    """Read a run's configuration and log; raises GradsheetError where the folder holds no run or a damaged one."""
    run = load_config(folder)
    log = run.folder / LOG
    try:
        run.rows = checked_rows(from_csv(_read_text(log)), run.config.test_images)
    except FileNotFoundError:
        pass  # the first epoch isn't done
    except Mismatch as error:
        raise damaged(log, error) from error
    return run


def load_config(folder: Path | str) -> Run:
    """Read a run's configuration alone; a resume takes the log from last.pt."""
    folder = Path(folder)
    path = folder / CONFIG
    try:
        config = read(Config, _read_json(path))
        check(config.recipe)
    except FileNotFoundError as error:
        raise UnreadableError(
            f"{folder} is no run folder: it has no {CONFIG}; give the folder that a training made."
        ) from error
    except (Mismatch, GradsheetError) as error:
        raise damaged(path, error) from error
    return Run(folder, config)


@dataclass(frozen=True)
class Status:
    """What a run is doing. state: running, finished, stopped, failed, or interrupted (its process is gone)."""

    state: str = choice(STATES)
    epoch: int = number(0, default=0)
    epochs: int = number(0, default=0)
    batch: int = number(0, default=0)
    batches: int = number(0, default=0)
    images_per_second: float = number(0, default=0.0)
    seconds_left: float | None = number(0, default=None)
    message: str = ""


def write_status(folder: Path, status: Status) -> None:
    """Replace status.json; its message becomes one that a cell may show."""
    _write_json(folder / STATUS, asdict(status) | {"message": harmless(status.message)})


def read_status(folder: Path | str) -> Status:
    """The status; a run that says it is running while no process holds it was interrupted."""
    folder = Path(folder)
    path = folder / STATUS
    try:
        status = read(Status, _read_json(path))
    except FileNotFoundError as error:
        raise UnreadableError(f"{path} does not exist; the next training in the folder writes it.") from error
    except Mismatch as error:
        raise damaged(path, error) from error
    if status.state == "running" and not is_running(folder):
        return replace(status, state="interrupted", message="The process ended; resume the run.")
    return status


def damaged(path: Path, reason: object) -> DamagedError:
    """The sentence for a file of a run folder that doesn't hold what it should."""
    cure = CURES.get(path.name, "train again")
    return DamagedError(f"{path} is damaged, or another version's: {str(reason).rstrip('.')}; {cure}.")


def write_text(path: Path, text: str) -> None:
    """Replace a text file of the folder, whole or not at all."""
    with write_whole(path) as file:
        file.write(text.encode())


def read_bytes(path: Path) -> bytes:
    """A file of a run folder. Raises FileNotFoundError, UnreadableError, DamagedError for one too large."""
    try:
        with open(path, "rb") as file:
            content = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise unreadable(path, error) from error
    if len(content) > LARGEST:
        raise damaged(path, f"it has more than {LARGEST // 2**20} MB")
    return content


def _read_text(path: Path) -> str:
    try:
        return read_bytes(path).decode()
    except UnicodeDecodeError as error:
        raise Mismatch("it is no text") from error


def _write_json(path: Path, values: dict[str, Any]) -> None:
    write_text(path, json.dumps(values, indent=2, ensure_ascii=False) + "\n")


def _read_json(path: Path) -> object:
    text = _read_text(path)
    try:
        return json.loads(text)
    except JSON_ERRORS as error:
        raise Mismatch("it is no JSON") from error
