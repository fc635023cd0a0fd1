"""How a command ends: here, for every command, what goes wrong becomes one sentence and an exit code.

    0    done, and nothing is wrong
    1    something is wrong: a fault in a sheet, a file that differs, a target that was not reached
    2    a mistake of the user's, or something that this machine refuses: one sentence on stderr
    70   a fault of gradsheet's own: its traceback, and the request to report it
    130  Ctrl-C. 143: SIGTERM. 129: the terminal was closed. 141: nobody reads the output any more (`| head -1`)

Nothing heavy is imported here: `process` has the signals in hand before numpy, openpyxl or torch are loaded.
"""

import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from types import ModuleType
from typing import NamedTuple

from trainer import refusals
from trainer.terminal import say
from xlfuncs.errors import GradsheetError, MissingPackageError, TooLittleMemoryError

DONE, MISTAKE, OWN_FAULT, BROKEN_PIPE = 0, 2, 70, 128 + 13
OURS = ("trainer", "workbook", "xlfuncs")
CLOSE_PROGRAMS = "close other programs, then try again"


class Ending(NamedTuple):
    """An exit code, and the sentence for stderr; an empty one says nothing."""

    code: int
    sentence: str


class Terminated(KeyboardInterrupt):
    """SIGTERM or SIGHUP: it unwinds as Ctrl-C does, so that temporary files go and locks are left."""

    def __init__(self, number: int):
        """Remember the signal, for the exit code."""
        super().__init__()
        self.number = number


def ending_of(error: BaseException) -> Ending | None:
    """How an exception ends a command; None for a fault of gradsheet's own, which deserves its traceback."""
    match error:
        case GradsheetError():
            return Ending(MISTAKE, str(error))
        case KeyboardInterrupt():
            return Ending(128 + getattr(error, "number", signal.SIGINT), "Stopped.")
        case SystemExit(code=str(sentence)):
            return Ending(MISTAKE, sentence)
        case SystemExit():  # argparse has spoken already; rich leaves a closed pipe with a 1, which is check's "wrong"
            broken = isinstance(error.__context__, BrokenPipeError)
            return Ending(BROKEN_PIPE if broken else int(error.code or DONE), "")
        case BrokenPipeError():
            return Ending(BROKEN_PIPE, "")
        case MemoryError():
            return Ending(MISTAKE, str(TooLittleMemoryError(CLOSE_PROGRAMS)))
        case OSError():
            return Ending(MISTAKE, refusals.sentence(error))
        case ModuleNotFoundError(name=str(name)) if name.partition(".")[0] not in OURS:
            return Ending(MISTAKE, str(MissingPackageError.of(name)))
        case RuntimeError() if "ymlink loop" in str(error):  # pathlib's word for ELOOP before Python 3.13
            return Ending(MISTAKE, f"{error}; remove the link or choose another file.")
    return None


def concluded(command: Callable[[], int]) -> int:
    """Run a command; returns its exit code, whatever happens, after its sentence is said."""
    try:
        return command()
    except BaseException as error:
        ending = ending_of(error)
        if ending is None:
            with suppress(OSError):
                traceback.print_exc()
            ending = Ending(OWN_FAULT, "This is a fault of gradsheet's own; please report it with the lines above.")
        tell(ending.sentence)
        return ending.code


def tell(sentence: str, name: str = "gradsheet") -> None:
    """Say what went wrong on stderr, if that can still be written."""
    if sentence and sys.stderr is not None:
        with suppress(OSError):
            say(f"{name}: {' '.join(sentence.split())}", sys.stderr)


def process(module: str) -> int:
    """Run `main()` of the module as this process's command: with signals, streams and the last flush taken care of."""
    _catch_signals()
    _open_streams()
    code = concluded(lambda: _imported(module).main())
    for number in _caught:  # all is done: nothing that happens while the interpreter ends is worth a traceback
        signal.signal(number, signal.SIG_IGN)
    return _flushed(code)


def _imported(module: str) -> ModuleType:
    with at_once():
        return import_module(module)


@contextmanager
def at_once() -> Iterator[None]:
    """Within the block nothing is at stake: a signal ends the process there and then.

    An import is such a moment. A KeyboardInterrupt in it comes out as anything, or is lost, where C code is loaded.
    """
    global _leaving
    before, _leaving = _leaving, True
    try:
        yield
    finally:
        _leaving = before


_leaving = False  # whether a signal ends the process at once
_caught: list[int] = []  # the signals in hand; none where gradsheet isn't the process's command


def _catch_signals() -> None:
    """Take over what ends a process; what the shell or nohup told it to ignore stays ignored."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, _asked)
            _caught.append(number)
    sys.unraisablehook = _unraisable


def _asked(number: int, frame: object) -> None:
    """The first signal unwinds, a second one ends the process at once."""
    global _leaving
    if _leaving:
        _leave(number)
    _leaving = True
    raise KeyboardInterrupt if number == signal.SIGINT else Terminated(number)


def _leave(number: int) -> None:
    with suppress(OSError):
        os.write(2, b"gradsheet: Stopped.\n")
    os._exit(128 + number)


def _unraisable(lost) -> None:
    """A KeyboardInterrupt in a destructor or a callback would be lost, and printed as a traceback."""
    if lost.exc_type is not None and issubclass(lost.exc_type, KeyboardInterrupt):
        _leave(getattr(lost.exc_value, "number", signal.SIGINT))
    sys.__unraisablehook__(lost)


def _open_streams() -> None:
    """Streams that can be written to: no closed ones (`>&-`), and ones that have a sign for every letter."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 (for the process's life)


def _flushed(code: int) -> int:
    """The exit code after the last of the output is written, which the interpreter would do too late to tell."""
    try:
        sys.stdout.flush()
    except OSError as error:
        ending = ending_of(error)
        if ending is not None and code in (DONE, 1):
            tell(ending.sentence)
            code = ending.code
        with suppress(OSError):  # what is left in the buffer goes nowhere
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code
