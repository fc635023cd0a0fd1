"""Files are written whole or not at all: a temporary file beside the target, then one atomic replace."""

import errno
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from xlfuncs.errors import GradsheetError

REPLACE_PAUSES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)  # seconds


@contextmanager
def write_whole(path: Path | str) -> Iterator[BinaryIO]:
    """Open a binary file that becomes `path` when the block ends well, and vanishes when it doesn't.

    The data is flushed to the disk before the replace, so that after a crash the path holds the old file or the new
    one. Raises GradsheetError with one sentence for what the user can mend (folder missing, no permission, file open
    in another program, disk full).
    """
    path = Path(path)
    temporary = None
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        # A link keeps pointing where it points: the file behind it is the one to replace.
        target = path.resolve() if path.is_symlink() else path
        # os.replace would replace a write-protected file; its owner protected it on purpose.
        if target.exists() and not os.access(target, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as file:
            temporary = file.name
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask())
        _replace(temporary, target)
        temporary = None
    except OSError as error:
        raise GradsheetError(_sentence(path, error)) from error
    finally:
        if temporary is not None:
            with suppress(OSError):
                os.unlink(temporary)


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


def _sentence(path: Path, error: OSError) -> str:
    match error.errno:
        case errno.ENOENT | errno.ENOTDIR:
            return f"{path} can't be written: the folder {path.parent} does not exist; make it or choose another."
        case errno.EISDIR:
            return f"{path} is a folder; give the name of a file in it, such as {path / 'gradsheet.xlsx'}."
        case errno.EACCES | errno.EPERM:
            return f"{path} can't be written: it is open elsewhere or write-protected; close it or choose another name."
        case errno.EROFS:
            return f"{path} can't be written: that disk is read-only; choose another folder."
        case errno.ENOSPC | errno.EDQUOT:
            return f"{path} was not written: the disk is full; free some space or choose another folder."
        case errno.ENAMETOOLONG:
            return f"{path} can't be written: the name is too long; choose a shorter one."
        case _:
            return f"{path} was not written: {error.strerror or error}."
