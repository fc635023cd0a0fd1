"""The functions that Calc calls: each hands its arguments to gradsheet's Python, and brings rows of cells back."""

import unohelper
from com.gradsheet import XFunctions
from com.sun.star.lang import IllegalArgumentException, XServiceInfo

from .child import NoAnswerError
from .extension import EXTENSION, WRITTEN

NAME, SERVICE = "com.gradsheet.Functions", "gradsheet"
SECONDS = 30.0
"""gradsheet refuses by itself what would take longer than about two; the first MNIST_PREDICT loads PyTorch."""


class Functions(unohelper.Base, XFunctions, XServiceInfo):
    """The object behind the service that Calc looks up; its methods are added below."""

    def __init__(self, context, *arguments):
        """Nothing is asked for yet."""

    def getImplementationName(self):
        """See XServiceInfo."""
        return NAME

    def supportsService(self, name):
        """See XServiceInfo."""
        return name == SERVICE

    def getSupportedServiceNames(self):
        """See XServiceInfo."""
        return (SERVICE,)


def _function(name):
    def call(self, *arguments):
        try:
            answer = EXTENSION.child.ask({"call": name, "arguments": arguments}, SECONDS)
        except NoAnswerError as error:
            # An error value and no text, so that IFERROR works.
            raise IllegalArgumentException(str(error), self, 0) from error
        return tuple(map(tuple, answer["cells"]))

    return call


for _name in WRITTEN["functions"]:
    setattr(Functions, _name, _function(_name))
