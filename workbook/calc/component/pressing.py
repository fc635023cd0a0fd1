"""gradsheet:run and its like: what the buttons and the menu's entries lead to."""

import unohelper
from com.sun.star.frame import FeatureStateEvent, XDispatch, XDispatchProvider
from com.sun.star.lang import XInitialization, XServiceInfo

from .buttons import PROTOCOL
from .documents import DOCUMENTS
from .extension import WRITTEN
from .sheet import is_spreadsheet, training_sheet

NAME = SERVICE = "com.gradsheet.Pressing"
_BUTTONS = [button["does"] for button in WRITTEN["buttons"]]


class Pressing(unohelper.Base, XInitialization, XDispatchProvider, XDispatch, XServiceInfo):
    """One for each window of LibreOffice's."""

    def __init__(self, context, *arguments):
        """The window comes with initialize."""
        self._frame = None

    def initialize(self, arguments):
        """See XInitialization."""
        self._frame = arguments[0] if arguments else None

    def queryDispatch(self, address, target, flags):
        """See XDispatchProvider."""
        return self if _button(address) else None

    def queryDispatches(self, requests):
        """See XDispatchProvider."""
        return tuple(self.queryDispatch(r.FeatureURL, r.FrameName, r.SearchFlags) for r in requests)

    def dispatch(self, address, arguments):
        """See XDispatch."""
        model = self._model()
        if model is not None:
            DOCUMENTS.press(model, _button(address))

    def addStatusListener(self, listener, address):
        """See XDispatch. An entry is grey where there is no sheet Training."""
        event = FeatureStateEvent()
        event.Source, event.FeatureURL, event.IsEnabled = self, address, self._model() is not None
        listener.statusChanged(event)

    def removeStatusListener(self, listener, address):
        """See XDispatch."""

    def getImplementationName(self):
        """See XServiceInfo."""
        return NAME

    def supportsService(self, name):
        """See XServiceInfo."""
        return name == SERVICE

    def getSupportedServiceNames(self):
        """See XServiceInfo."""
        return (SERVICE,)

    def _model(self):
        """The window's workbook, if it has a sheet Training."""
        controller = self._frame.Controller if self._frame else None
        model = controller.Model if controller else None
        return model if is_spreadsheet(model) and training_sheet(model) is not None else None


def _button(address):
    """Which button an address means; None where it is none of ours."""
    name = address.Complete[len(PROTOCOL) :]
    return name if address.Complete.startswith(PROTOCOL) and name in _BUTTONS else None
