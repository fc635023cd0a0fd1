"""The VBA project of the macro workbook, written by pyOpenVBA."""

import tempfile
import zipfile
from importlib.resources import files
from io import BytesIO
from pathlib import Path

import xlwings
from openpyxl import Workbook
from pyopenvba import ExcelFile
from pyopenvba.cfb import CFB
from pyopenvba.vba import VBAModuleKind

from workbook.macros import wrappers
from xlfuncs.errors import MissingPackageError

BUTTONS, SETUP = "gradsheet_buttons", "gradsheet_setup"
BOOK_CODE_NAME = "ThisWorkbook"
NO_CACHE = bytes.fromhex("CC61FFFF000000")
_XLSX, _XLSM = (
    b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
    b"application/vnd.ms-excel.sheet.macroEnabled.main+xml",
)
_OPEN = """\
Private Sub Workbook_Open()
    DescribeFunctions
    WorkbookOpened
End Sub
"""
# What SetupProblem asks Python for, and the exit codes that answer. Python's own: 1 for an exception, 2 for an option
# that it doesn't know, such as -P before 3.11.
CODES = {"no_option": 2, "no_xlwings": 41, "other_xlwings": 42, "no_gradsheet": 43}
_QUESTION = (
    "import sys; from importlib import metadata, util; has = util.find_spec; "
    "sys.exit({no_xlwings} if not has('xlwings') else {other_xlwings} if metadata.version('xlwings') != '{version}' "
    "else {no_gradsheet} if not (has('xlfuncs') and has('workbook')) else 0)"
)


def code_name(place: int) -> str:
    """The name in VBA of the sheet at a place counted from 1: independent of what its tab says."""
    return f"Sheet{place}"


def vba_project(sheets: int) -> bytes:
    """The part vbaProject.bin for a workbook of so many sheets. The same input gives the same bytes.

    Raises MissingPackageError where the installed xlwings lacks the modules that a workbook needs.
    """
    with tempfile.TemporaryDirectory(prefix="gradsheet-") as folder:
        path = Path(folder) / "project.xlsm"
        _write_frame(path, sheets)
        with ExcelFile(path) as file:
            project = file.add_vba_project()
            project.add_module("xlwings", _lines(_xlwings_module()))
            project.add_module("Dictionary", _dictionary_class(), kind=VBAModuleKind.other)
            project.add_module(wrappers.MODULE, _lines(wrappers.module()))
            project.add_module(BUTTONS, _lines(buttons_module()))
            project.add_module(SETUP, _lines(setup_module()))
            file.set_module(BOOK_CODE_NAME, _lines(_OPEN))
            file.save(path)
        with zipfile.ZipFile(path) as package:
            return _without_cache(package.read("xl/vbaProject.bin"))


def buttons_module() -> str:
    """The macros of the buttons. They use nothing that LibreOffice's Basic lacks."""
    return files("workbook.macros").joinpath("buttons.bas").read_text(encoding="ascii")


def setup_module() -> str:
    """The check of the installation, for the xlwings that is installed now."""
    text = files("workbook.macros").joinpath("setup.bas").read_text(encoding="ascii")
    values = {"question": question(), "version": xlwings.__version__, **{k: str(v) for k, v in CODES.items()}}
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def question() -> str:
    """The Python that SetupProblem runs: its exit code says what is missing. It has no double quotes."""
    return _QUESTION.format(version=xlwings.__version__, **CODES)


def _xlwings_module() -> str:
    """The VBA module of the installed xlwings: it loads the library of exactly that version."""
    return _of_xlwings("xlwings.bas").read_text(encoding="ascii")


def _dictionary_class() -> str:
    """The class that the xlwings module needs on macOS; only xlwings' standalone workbook holds it."""
    with ExcelFile(_of_xlwings("quickstart_standalone.xlsm")) as file:
        return file.get_module("Dictionary")


def _without_cache(project: bytes) -> bytes:
    """The project with the mark of one that holds no compiled code: Office then compiles the sources it finds.

    [MS-OVBA] 2.3.4.1 asks for it of every writer but Office itself.
    """
    container = CFB.from_bytes(project)
    container.write_stream_in_storage("VBA", "_VBA_PROJECT", NO_CACHE)
    return container.to_bytes()


def _of_xlwings(name: str) -> Path:
    path = Path(xlwings.__file__).with_name(name)
    if not path.is_file():
        raise MissingPackageError(
            f"The installed xlwings {xlwings.__version__} has no {name}; run python -m pip install --force-reinstall "
            f"xlwings=={xlwings.__version__}."
        )
    return path


def _lines(text: str) -> str:
    """With the line ends of VBA."""
    return "\r\n".join(text.splitlines()) + "\r\n"


def _write_frame(path: Path, sheets: int) -> None:
    """An empty macro-enabled workbook with as many sheets: pyOpenVBA makes a document module for each."""
    book = Workbook()
    book.code_name = BOOK_CODE_NAME
    for place in range(1, sheets + 1):
        sheet = book.active if place == 1 else book.create_sheet()
        sheet.sheet_properties.codeName = code_name(place)
    plain = BytesIO()
    book.save(plain)
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(path, "w") as target:
        for part in source.namelist():
            content = source.read(part)
            target.writestr(part, content.replace(_XLSX, _XLSM) if part == "[Content_Types].xml" else content)
