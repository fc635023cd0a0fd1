"""The sheet xlwings.conf: what xlwings has to know, and nothing else; a blank key would override the user's own."""

import sys

from workbook.parts.page import Page

CONF = "xlwings.conf"
QUIET_TAB = "A6A6A6"
NOTES = (
    "xlwings reads columns A and B when Excel calls Python. No row may stay blank between them.",
    "INTERPRETER_WIN (INTERPRETER_MAC on a Mac) is the full path of the Python that has gradsheet; without it, xlwings",
    "takes your own xlwings settings, or else the python that the system finds.",
    "ADD_WORKBOOK_TO_PYTHONPATH is false: a file beside this workbook can't take the place of one of gradsheet's.",
)


def write(page: Page) -> None:
    """Fill the page."""
    page.prepare(QUIET_TAB)
    for letter, width in (("A", 34), ("B", 60), ("C", 3), ("D", 110)):
        page.sheet.column_dimensions[letter].width = width
    for row, (key, value) in enumerate(settings(), start=1):
        page.put(f"A{row}", key, "setting")
        page.put(f"B{row}", value, "change")
    for row, note in enumerate(NOTES, start=1):
        page.put(f"D{row}", note, "note")


def settings() -> list[tuple[str, str]]:
    """The rows: on Windows and macOS the Python that builds the file is the one that answers."""
    interpreter = {"win32": "INTERPRETER_WIN", "darwin": "INTERPRETER_MAC"}.get(sys.platform)
    found = [(interpreter, sys.executable)] if interpreter else []
    return [*found, ("ADD_WORKBOOK_TO_PYTHONPATH", "false")]
