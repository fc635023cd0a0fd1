"""The workbooks with a sheet Training that are open in Calc, and what gradsheet's Python asks of them."""

import contextlib

import uno
import unohelper
from com.sun.star.awt import XCallback
from com.sun.star.lang import DisposedException
from com.sun.star.util import XCloseListener

from .child import NoAnswerError
from .extension import EXTENSION, WRITTEN
from .sheet import BlockedError, Training, show_notice


class Documents:
    """Open workbooks by their RuntimeUID: LibreOffice's own list lacks one that is just being opened."""

    def __init__(self):
        """None is open yet."""
        self._open = {}
        EXTENSION.on_start = self._tell_all
        EXTENSION.answer_in_main_thread = self._answer_in_main_thread

    def opened(self, model):
        """A workbook with a sheet Training was opened: bring in the rows that its run wrote meanwhile."""
        self._add(model)
        self._tell(model, "opened")

    def press(self, model, button):
        """A button, or its menu entry, was pressed; this returns at once."""
        self._add(model)
        self._tell(model, button)

    def _add(self, model):
        if model.RuntimeUID not in self._open:
            self._open[model.RuntimeUID] = model
            model.addCloseListener(_Closing(self._open))

    def _tell(self, model, button):
        try:
            EXTENSION.child.tell(self._message(model, button))
        except NoAnswerError as error:
            _say(model, f"{error}; run gradsheet libreoffice install again.")

    def _message(self, model, button):
        return {"press": button, "book": model.RuntimeUID, "name": model.URL or model.Title}

    def _tell_all(self):
        """gradsheet's Python was started, perhaps again: the followers of the one before ended with it."""
        for model in self._open.values():
            EXTENSION.child.tell(self._message(model, "opened"))

    def _answer_in_main_thread(self, request):
        """Have a request answered. No thread of ours calls LibreOffice otherwise: it may be waiting for an answer."""
        context = uno.getComponentContext()
        service = context.ServiceManager.createInstanceWithContext("com.sun.star.awt.AsyncCallback", context)
        service.addCallback(_Request(self, request), None)

    def answer(self, request):
        """Do what is asked of a workbook, and tell what came of it."""
        model = self._open.get(request["book"])
        try:
            found = {"gone": True} if model is None else {"found": _do(model, request)}
        except BlockedError as blocked:
            found = {"blocked": str(blocked)}
        except DisposedException:
            self._open.pop(request["book"], None)
            found = {"gone": True}
        except Exception as error:  # whatever it is: who asked must hear of it
            found = {"error": f"{type(error).__name__}: {error}"}
        with contextlib.suppress(NoAnswerError):
            EXTENSION.child.tell(dict(found, request=request["request"]))


DOCUMENTS = Documents()


def _do(model, request):
    action, arguments = request["do"], request["arguments"]
    if action == "notice":
        return show_notice(model, *arguments)
    return getattr(Training(model), action)(*arguments)


def _say(model, sentence):
    try:
        Training(model).write({WRITTEN["status"]: sentence})
    except BlockedError:
        show_notice(model, sentence)


class _Request(unohelper.Base, XCallback):
    def __init__(self, documents, request):
        self._documents, self._request = documents, request

    def notify(self, data):
        self._documents.answer(self._request)


class _Closing(unohelper.Base, XCloseListener):
    def __init__(self, documents):
        self._documents = documents

    def queryClosing(self, event, owner):
        pass

    def notifyClosing(self, event):
        self._documents.pop(event.Source.RuntimeUID, None)

    def disposing(self, event):
        pass
