"""What Excel's side raises through xlwings, as far as the error itself tells it, and how long one goes on asking."""

from collections.abc import Callable

import xlwings

from workbook.live.target import StillBusyError

# RPC_E_CALL_REJECTED, RPC_E_SERVERCALL_RETRYLATER, VBA_E_IGNORE: a cell is edited, a dialog is open, Excel calculates.
REFUSALS = (-2147418111, -2147417846, -2146777998)
TIMED_OUT = -1712  # the same on macOS
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 2.0


class Patience:
    """Growing pauses between attempts, for so many seconds together; None: without an end."""

    def __init__(self, pause: Callable[[float], None], seconds: float | None = None):
        """The first pause is short: most refusals last a moment."""
        self._pause, self._left, self._next = pause, seconds, FIRST_PAUSE

    def wait(self, error: Exception | None) -> None:
        """Before the next attempt; StillBusyError from what the last one met, if there is no time left."""
        if self._left is not None:
            if self._left <= 0:
                raise StillBusyError("Excel is busy: end what is typed in a cell, close dialogs, try again.") from error
            self._left -= self._next
        self._pause(self._next)
        self._next = min(2 * self._next, LONGEST_PAUSE)


def is_excels(error: Exception) -> bool:
    """Whether Excel's side raised it. xlwings answers KeyError or AttributeError for an object that it didn't get."""
    kinds = AttributeError | KeyError | OSError | xlwings.XlwingsError
    return code(error) is not None or isinstance(error, kinds) or _is_busy_error(error)


def refused(error: Exception) -> bool:
    """Whether Excel itself said that it can't now.

    A refusal inside of Excel comes as DISP_E_EXCEPTION, with its own number as excepinfo's last part.
    """
    inner = (getattr(error, "excepinfo", None) or (None,))[-1]
    return code(error) in (*REFUSALS, TIMED_OUT) or inner in REFUSALS or _is_busy_error(error)


def _is_busy_error(error: Exception) -> bool:
    return type(error).__name__ == "ExcelBusyError"  # xlwings', of a module that only Windows has


def code(error: Exception) -> int | None:
    """The number of an error that Excel's side raised: COM's on Windows, AppleScript's on macOS."""
    return getattr(error, "hresult", getattr(error, "errornumber", None))


def words(error: Exception | None) -> str:
    """The error in Excel's own words, where it has some."""
    of_excel = (getattr(error, "excepinfo", None) or (None,) * 3)[2]
    return str(of_excel or error or "no reason given")
