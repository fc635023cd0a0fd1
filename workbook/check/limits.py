"""How long a file may be checked and how much memory that may take, and how a process holds itself to it."""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

if sys.platform != "win32":
    import resource

WATCHED = sys.platform in ("win32", "darwin")
"""Whether this system doesn't limit a process's memory itself: then it is looked at from outside, see `workers`."""


@dataclass(frozen=True)
class Limits:
    """What one file may take: seconds of time, bytes of memory."""

    seconds: float = 60.0
    memory: int = 2**30


LIMITS = Limits()


def limit_memory(memory: int) -> None:
    """Let this process have no more memory than that; from then on Python raises MemoryError."""
    if sys.platform != "win32" and not WATCHED:
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        allowed = memory if hard == resource.RLIM_INFINITY else min(memory, hard)
        resource.setrlimit(resource.RLIMIT_AS, (allowed, hard))


def largest_memory() -> int:
    """The most memory this process ever had, in bytes; 0 where the system doesn't tell."""
    if sys.platform != "win32":
        with suppress(OSError, IndexError, ValueError):
            # Linux's own count begins anew with the program; getrusage's begins with what the starting process had.
            status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
            return int(status.partition("VmHWM:")[2].split()[0]) * 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return 0


def too_slow(path: Path, limits: Limits) -> str:
    """The sentence on a file that takes too long."""
    return f"{path} took more than {limits.seconds:g} s and was given up; a sheet of this exercise takes about one."


def too_large(path: Path, memory: int) -> str:
    """The sentence on a file that needs too much memory."""
    return f"{path} needs more than {_size(memory)} of memory and was given up; a sheet of this exercise needs 0.1 GB."


def _size(memory: int) -> str:
    return f"{memory / 2**30:.3g} GB"
