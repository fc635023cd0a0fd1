"""What makes the macro workbook: the VBA project, the wrappers of the functions, the buttons."""

from importlib import import_module
from types import ModuleType

from trainer.names import INSTALL
from xlfuncs.errors import GradsheetError


def macro_writer() -> ModuleType:
    """The module that writes VBA projects: it alone needs xlwings and pyOpenVBA.

    Raises GradsheetError where they aren't installed.
    """
    try:
        return import_module("workbook.macros.project")
    except ModuleNotFoundError as error:
        raise GradsheetError(
            f"A workbook with macros needs the package {error.name}; run {INSTALL}, or name the file .xlsx."
        ) from error
