"""LibreOffice as a host of the buttons: interim."""

import threading

from filelock import FileLock, Timeout

from workbook.calc.document import OpenDocument
from workbook.live import buttons, follow, launch
from workbook.live.target import Blocked, Gone

_local = threading.local()
ACTIONS = {
    "run": buttons._run,
    "stop": buttons._stop,
    "resume": buttons._resume,
    "open_folder": lambda book: launch.open_folder(buttons._folder(book)),
    "opened": buttons._opened,
}


def _start_follower(folder, name):
    threading.Thread(target=_follow, args=(folder, _local.ask, name), daemon=True).start()


launch.start_follower = _start_follower


def _follow(folder, ask, name):
    target = OpenDocument(ask, name)
    try:
        with FileLock(folder / follow.LOCK, timeout=follow.HANDOVER_SECONDS):
            follow.follow(folder, target)
    except Timeout:
        return
    except Exception as error:
        follow._say(folder, target, error)


def press(button, ask, name):
    """Do it."""
    _local.ask = ask
    book = OpenDocument(ask, name)
    try:
        if button == "opened" and book.run_folder() is None:
            return
        ACTIONS[button](book)
    except (Gone, Blocked):
        pass
    except Exception as error:
        book.notice(buttons._sentence(error))
