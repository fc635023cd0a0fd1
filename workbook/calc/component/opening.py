"""What happens when LibreOffice has opened a document: a job that it calls by itself."""

import unohelper
from com.sun.star.lang import XServiceInfo
from com.sun.star.task import XJob

from . import buttons, formulas
from .documents import DOCUMENTS
from .sheet import BlockedError, is_spreadsheet, training_sheet

NAME = SERVICE = "com.gradsheet.Opening"


class Opening(unohelper.Base, XJob, XServiceInfo):
    """The job."""

    def __init__(self, context, *arguments):
        """Nothing is asked for yet."""

    def execute(self, arguments):
        """See XJob."""
        given = {argument.Name: argument.Value for argument in arguments}
        model = {value.Name: value.Value for value in given.get("Environment", ())}.get("Model")
        if is_spreadsheet(model):
            _opened(model)

    def getImplementationName(self):
        """See XServiceInfo."""
        return NAME

    def supportsService(self, name):
        """See XServiceInfo."""
        return name == SERVICE

    def getSupportedServiceNames(self):
        """See XServiceInfo."""
        return (SERVICE,)


def _opened(model):
    was_modified = model.isModified()
    formulas.enter_again(model)
    if training_sheet(model) is not None:
        try:
            buttons.put(model)
        except BlockedError:
            return  # one of its cells is gone: it is somebody's own by now
        DOCUMENTS.opened(model)
    if not was_modified:
        model.setModified(False)
