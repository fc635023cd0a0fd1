"""What the operating system refuses, in a sentence that says what to do: the one place where an OSError gets words."""

import errno
import os
from pathlib import Path

from xlfuncs.errors import DiskFullError, UnreadableError, UnwritableError

NO_RIGHT, FULL = (errno.EACCES, errno.EPERM), (errno.ENOSPC, errno.EDQUOT)


def unwritable(path: Path, error: OSError) -> UnwritableError:
    """What to raise where a file can't be written."""
    if error.errno in FULL:
        return DiskFullError(f"{path} was not written: the disk is full; free some space or choose another folder.")
    return UnwritableError(_unwritten(path, error))


def unreadable(path: Path | str, error: OSError) -> UnreadableError:
    """What to raise where a file or folder can't be read."""
    return UnreadableError(f"{path} can't be read: {reason(error)}.")


def reason(error: OSError) -> str:
    """The system's own words, as they stand in the middle of a sentence."""
    words = error.strerror or str(error) or type(error).__name__
    return words[0].lower() + words[1:]


def sentence(error: OSError) -> str:
    """Of an error that nobody in between knew anything about; a file's name is all there is to go by."""
    if error.filename is None:
        # A stream has no name; files have, and `unwritable` its own sentences.
        return f"The output can't be written: {reason(error)}; send it elsewhere, or free some space."
    name = os.fsdecode(error.filename) if isinstance(error.filename, bytes) else error.filename
    match error.errno:
        case errno.ENOENT:
            return f"{name} does not exist; check the name."
        case number if number in NO_RIGHT:
            return f"{name} can't be used: this account has no right to it; change its rights or choose another."
        case errno.ENAMETOOLONG:
            return f"{name} can't be used: the name is too long; choose a shorter one."
        case errno.ELOOP:
            return f"{name} can't be used: its links lead in a circle; remove the link or choose another file."
        case number if number in FULL:
            return f"{name} can't be written: the disk is full; free some space or choose another folder."
        case _:
            return f"{name} can't be used: {reason(error)}."


def _unwritten(path: Path, error: OSError) -> str:
    match error.errno:
        case errno.ENOENT | errno.ENOTDIR if not os.path.isdir(path.parent):
            state = "is no folder" if os.path.exists(path.parent) else "does not exist"
            return f"{path} can't be written: the folder {path.parent} {state}; make it or choose another."
        case errno.ENOENT:
            return f"{path} can't be written: the folder {path.parent} takes no files; choose another."
        case errno.EISDIR:
            return f"{path} is a folder; give the name of a file in it, such as {path / 'gradsheet.xlsx'}."
        case number if number in NO_RIGHT and os.path.exists(path):
            return f"{path} can't be written: it is open elsewhere or write-protected; close it or choose another name."
        case number if number in NO_RIGHT:
            return f"{path} can't be written: the folder {path.parent} doesn't let you; choose another."
        case errno.EROFS:
            return f"{path} can't be written: that disk is read-only; choose another folder."
        case errno.ENAMETOOLONG:
            return f"{path} can't be written: the name is too long; choose a shorter one."
        case errno.ELOOP:
            return f"{path} can't be written: it is a link that leads in a circle; choose another name."
        case _:
            return f"{path} was not written: {error.strerror or error}."
