"""Files are written whole or not at all: a temporary file beside the target, then one atomic replace."""

import errno
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from trainer.refusals import unwritable
from trainer.temporary import temporary_file

REPLACE_PAUSES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)  # seconds


@contextmanager
def write_whole(
    path: Path | str, *, before: Callable[[Path], None] | None = None, new: bool = False
) -> Iterator[BinaryIO]:
    """Open a binary file that becomes `path` when the block ends well, and vanishes when it doesn't.

    The data is flushed to the disk before the replace, so that after a crash the path holds the old file or the new
    one. `before` is called with the file to be replaced (links followed) at the last moment; what it raises keeps the
    old one. With `new` nothing is replaced: FileExistsError if there is such a file, however late it came.
    Raises UnwritableError with one sentence for what the user can mend (folder missing, no permission, file open
    in another program, disk full).
    """
    path = Path(path)
    with sentences(path):
        target = _target(path)
        with temporary_file(target.parent) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            if sys.platform == "win32":
                file.close()  # there, an open file can't be renamed
            os.chmod(file.name, target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask())
            if before is not None:
                before(target)
            if new:
                _rename(file.name, target)
            else:
                _replace(file.name, target)


def check_writable(path: Path | str) -> None:
    """Raise the UnwritableError that write_whole would raise now, as far as that can be known; nothing is changed."""
    path = Path(path)
    with sentences(path):
        target = _target(path)
        if target.is_file():
            with open(target, "r+b"):  # on Windows, a file that is open in Excel refuses this
                pass
        with temporary_file(target.parent):
            pass


@contextmanager
def sentences(path: Path) -> Iterator[None]:
    """Turn what the system refuses about that file into an UnwritableError; FileExistsError stays what it is."""
    try:
        yield
    except FileExistsError:
        raise
    except OSError as error:
        raise unwritable(path, error) from error


def _target(path: Path) -> Path:
    """The file to write. Raises OSError where that can't be done."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    # A link keeps pointing where it points: the file behind it is the one to replace.
    target = Path(os.path.realpath(path)) if path.is_symlink() else path
    if target.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    # os.replace would replace a write-protected file; its owner protected it on purpose.
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    return target


def _rename(temporary: str, target: Path) -> None:
    """Give the file its name unless there is such a file. Raises FileExistsError."""
    if sys.platform == "win32":
        os.rename(temporary, target)  # refuses there to replace
        return
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise
    except OSError:  # a disk without links
        if target.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from None
        os.replace(temporary, target)


def _replace(temporary: str, target: Path) -> None:
    """Replace a file; on Windows one that is being read at this moment refuses it, so try again for a moment."""
    for pause in REPLACE_PAUSES if sys.platform == "win32" else ():
        try:
            os.replace(temporary, target)
            return
        except PermissionError:
            time.sleep(pause)
    os.replace(temporary, target)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
