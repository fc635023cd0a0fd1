"""Temporary files that outlive nobody: gone when their writer ends, swept later where it was killed.

A writer holds a lock on its file, which the operating system lets go of whatever ends the process. So a file that has
our kind of name and that nobody holds was left by a dead one, and the next write to its folder deletes it. On Windows,
where an open file can't be deleted, that takes the place of the lock.
"""

import os
import re
import secrets
import signal
import stat
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

if sys.platform == "win32":
    fcntl = None
else:
    import fcntl

NAME = re.compile(r"\.gradsheet-[0-9a-f]{16}\.part")
SAFE_AGE = 60.0  # seconds; where there are no locks, a file between its closing and its renaming is younger
_written: set[str] = set()  # what this process is writing


@contextmanager
def temporary_file(folder: Path) -> Iterator[BinaryIO]:
    """A new file in the folder, open for writing; deleted when the block ends, unless it was renamed before.

    SIGTERM, where nobody else handles it, deletes it too before it ends the process. Raises OSError.
    """
    sweep(folder)
    with _deleted_by_sigterm():
        file = _create(folder)
        try:
            with file:
                yield file
        finally:
            with suppress(OSError):
                os.unlink(file.name)
            _written.discard(file.name)


def sweep(folder: Path) -> None:
    """Delete the temporary files in the folder whose writers are dead; nothing else, and nothing behind links."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if NAME.fullmatch(entry.name):
                with suppress(OSError):
                    _delete_if_abandoned(entry.path)


def _create(folder: Path) -> BinaryIO:
    while True:
        name = os.path.join(folder, f".gradsheet-{secrets.token_hex(8)}.part")
        _written.add(name)
        try:
            file = open(name, "x+b", opener=lambda path, flags: os.open(path, flags, 0o600))  # noqa: SIM115
        except OSError:
            _written.discard(name)
            raise
        _lock(file.fileno())
        if _is_at(name, file.fileno()):
            return file
        file.close()  # it was swept in the moment before it was locked
        _written.discard(name)


def _lock(descriptor: int, *, wait: bool = True) -> bool:
    """Whether the file is locked now; False also where the system or the disk has no locks."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _is_at(name: str, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(name, follow_symlinks=False), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _delete_if_abandoned(name: str) -> None:
    if not stat.S_ISREG(os.lstat(name).st_mode):
        return
    if fcntl is None:
        if time.time() - os.lstat(name).st_mtime > SAFE_AGE:
            os.unlink(name)
        return
    descriptor = os.open(name, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        if _lock(descriptor, wait=False) and _is_at(name, descriptor):
            os.unlink(name)
    finally:
        os.close(descriptor)


@contextmanager
def _deleted_by_sigterm() -> Iterator[None]:
    """Meanwhile, SIGTERM deletes this process's temporary files and then does what it always does."""
    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return

    def handle(number: int, _frame: object) -> None:
        for name in _written:
            with suppress(OSError):
                os.unlink(name)
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    signal.signal(signal.SIGTERM, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
