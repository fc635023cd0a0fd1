"""Whose file is that? What gradsheet didn't write, or what somebody changed since, is never replaced unasked.

The one way in is `Output`: every command that writes a file which the user named, and which could be there already,
opens it through an Output.
"""

import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from enum import Enum
from pathlib import Path
from typing import BinaryIO

from trainer.files import check_writable, sentences, write_whole
from workbook.existing import proof
from xlfuncs.errors import FileTakenError


class Origin(Enum):
    """What a path holds: nothing, a workbook just as gradsheet wrote it, one that was changed since, anything else."""

    ABSENT = "absent"
    UNTOUCHED = "untouched"
    CHANGED = "changed"
    FOREIGN = "foreign"


FORCE = "choose another name, or give --force to replace it (the old file is then kept beside it, with its date)"
REFUSALS = {
    Origin.CHANGED: f"was changed since gradsheet wrote it; {FORCE}.",
    Origin.FOREIGN: f"is there already, and nothing in it proves that gradsheet wrote it; {FORCE}.",
}


def origin_of(path: Path) -> Origin:
    """Judge what stands at a path, links followed. Raises OSError where it can't be read."""
    try:
        with open(path, "rb") as file:
            return origin_of_content(file)
    except FileNotFoundError:
        return Origin.ABSENT


def origin_of_content(file: BinaryIO) -> Origin:
    """Judge an open file."""
    try:
        with zipfile.ZipFile(file) as archive:
            if proof.DIGEST not in proof.properties_of(archive):
                return Origin.FOREIGN
            return Origin.UNTOUCHED if proof.is_untouched(archive) else Origin.CHANGED
    except Exception:  # a damaged package shows itself in many ways, and what can't be read proves nothing
        return Origin.FOREIGN


class Output:
    """A file to write under a name that a user gave.

    What stands there is replaced if gradsheet wrote it and nobody changed it, or else with `force`; then `backup` is
    where the old file is kept. `judge` knows files of that kind: a workbook of gradsheet's, if not told otherwise.
    """

    def __init__(self, path: Path | str, *, force: bool = False, judge: Callable[[Path], Origin] | None = None):
        """Raise UnwritableError or FileTakenError now, before any work is done, where the file would be refused."""
        self.path, self.force, self._origin_of = Path(path), force, judge or origin_of
        self.backup: Path | None = None
        check_writable(self.path)
        with sentences(self.path):
            self._judge()

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Write the file whole or not at all; what stands there is judged again just before it is replaced."""
        try:
            with write_whole(self.path, before=self._make_way) as file:
                yield file
        except BaseException:
            self._take_back()
            raise

    def _make_way(self, target: Path) -> None:
        while True:
            seen, found = _looks(target), self._judge()
            if _looks(target) == seen:  # else it was written while it was judged
                break
        if found in REFUSALS:
            self.backup = keep_beside(target)

    def _take_back(self) -> None:
        """The old file kept its place, so it needs no second name."""
        with suppress(OSError):
            if self.backup is not None and os.path.samefile(self.backup, self.path):
                self.backup.unlink()
                self.backup = None

    def _judge(self) -> Origin:
        refuse_what_is_no_file(self.path)
        found = self._origin_of(self.path)
        if found in REFUSALS and not self.force:
            raise FileTakenError(f"{self.path} {REFUSALS[found]}")
        return found


def refuse_what_is_no_file(path: Path) -> None:
    """Raise FileTakenError for a pipe or a device, from which reading might never end."""
    if os.path.exists(path) and not os.path.isfile(path):
        raise FileTakenError(f"{path} is no ordinary file; choose another name.")


def keep_beside(path: Path) -> Path:
    """Keep a file under a dated name beside it, such as lesson.2026-11-24.xlsx; no earlier one is overwritten."""
    today = date.today().isoformat()
    for k in range(1, 1000):
        backup = path.with_name(f"{path.stem}.{today}{f'-{k}' if k > 1 else ''}{path.suffix}")
        with suppress(FileExistsError):
            _also_as(path, backup)
            return backup
    raise FileTakenError(f"{path} has a thousand copies of today beside it; move some of them away.")


def _also_as(path: Path, name: Path) -> None:
    """Give a file a second name, by a link where the disk has links. Raises FileExistsError."""
    try:
        os.link(path, name)
        return
    except FileExistsError:
        raise
    except OSError:
        pass
    with open(name, "xb") as copy:
        try:
            with open(path, "rb") as file:
                shutil.copyfileobj(file, copy)
            copy.flush()
            os.fsync(copy.fileno())
        except BaseException:
            os.unlink(name)
            raise
    shutil.copystat(path, name)


def _looks(path: Path) -> tuple[int, ...] | None:
    """What changes about a file when somebody writes it."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
