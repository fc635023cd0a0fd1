"""The buttons: bound to macros that exist, which call Python, in LibreOffice and in pyOpenVBA's in-memory Excel."""

import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
import zipfile

import openpyxl
import pytest
import xlsxwriter
from pyopenvba import ExcelFile
from pyopenvba.apps.excel import ExcelApplication

from workbook.macros import project
from workbook.sheets.training_controls import BUTTONS

CALL = "from workbook.live import buttons; buttons.{}()"
COMMANDS = {
    "Run Training": CALL.format("run"),
    "Stop": CALL.format("stop"),
    "Resume": CALL.format("resume"),
    "Open run folder": CALL.format("open_folder"),
}


@pytest.fixture(scope="module")
def modules(macro_book):
    with ExcelFile(macro_book) as file:
        return file.vba_modules()


IGNORE = "Public Sub IgnoreCurrentFolder(ByVal ignored As Boolean)\nEnd Sub\n"


def quiet_copy(macro_book, folder):
    """A copy whose RunPython writes down its command; the buttons and their module are as built."""
    path, commands = folder / "copy.xlsm", folder / "commands.txt"
    shutil.copy(macro_book, path)
    run_python = (
        "Public Function RunPython(PythonCommand As String)\n"
        f'    Open "{commands}" For Append As #1\n    Print #1, PythonCommand\n    Close #1\nEnd Function\n'
    )
    nothing = 'Public Function SetupProblem() As String\n    SetupProblem = ""\nEnd Function\n' + IGNORE
    with ExcelFile(path) as file:
        # LibreOffice's Basic has no #If; one module with it, and nothing of the project runs.
        file.set_module("xlwings", run_python.replace("\n", "\r\n"))
        file.set_module("gradsheet_setup", nothing.replace("\n", "\r\n"))
        file.set_module("ThisWorkbook", "")
        for name in ("xlwings_udfs", "Dictionary"):
            file.vba_project().delete_module(name)
        file.save()
    return path, commands


def test_pressed_in_libreoffice_by_accessibility(libreoffice, macro_book, tmp_path):
    path, commands = quiet_copy(macro_book, tmp_path)
    answer = libreoffice.press_buttons(path, commands, "action")
    assert answer["pressed"] == COMMANDS
    assert answer["charts"]["Training"] == 4 and answer["charts"]["Error_LR Graphs"] == 7


def test_pressed_in_libreoffice_with_a_mouse(libreoffice_on_screen, macro_book, tmp_path):
    path, commands = quiet_copy(macro_book, tmp_path)
    assert libreoffice_on_screen.press_buttons(path, commands, "mouse")["pressed"] == COMMANDS


def test_each_button_names_a_macro_that_exists(macro_book, modules):
    with zipfile.ZipFile(macro_book) as package:
        (part,) = [name for name in package.namelist() if name.endswith(".vml")]
        vml = package.read(part).decode()
    macros = re.findall(r"<x:FmlaMacro>\[0\]!(\w+)</x:FmlaMacro>", vml)
    assert macros == [macro for _, macro in BUTTONS]
    for macro in macros:
        assert f"Public Sub {macro}()" in modules[project.BUTTONS]


def test_the_control_is_the_one_xlsxwriter_writes(macro_book, tmp_path):
    """XlsxWriter's files are compared with Excel's own; ours has the same elements, attributes and texts."""
    theirs = tmp_path / "theirs.xlsx"
    with xlsxwriter.Workbook(theirs) as book:
        sheet = book.add_worksheet()
        for k, (caption, macro) in enumerate(BUTTONS):
            sheet.insert_button(k, 0, {"macro": macro, "caption": caption})

    def tree(path):
        with zipfile.ZipFile(path) as package:
            (part,) = [name for name in package.namelist() if name.endswith(".vml")]
            root = ET.fromstring(package.read(part))
        places = {"id", "style", "alt", "data"}  # where it stands, and its number
        return [
            (e.tag, {k: v for k, v in e.attrib.items() if k not in places}, e.text)
            for e in root.iter()
            if not e.tag.endswith("}Anchor")
        ]

    assert tree(macro_book) == tree(theirs)


@pytest.fixture
def excel(macro_book, modules):
    """pyOpenVBA's Excel with the workbook, its buttons and stubs for the module xlwings; Python is not called."""
    return with_buttons(macro_book, modules)


def with_buttons(path, modules):
    app = ExcelApplication.open(path, with_vba=False)
    app.add_module(
        'Public Function RunPython(Command As String)\n    Debug.Print "RunPython " & Command\nEnd Function\n',
        name="xlwings",
    )
    app.add_module(modules[project.BUTTONS], name=project.BUTTONS)
    return app


def setup_says(app, problem):
    app.add_module(
        f'Public Function SetupProblem() As String\n    SetupProblem = "{problem}"\nEnd Function\n'
        "Public Sub IgnoreCurrentFolder(ByVal ignored As Boolean)\n"
        '    Debug.Print "IgnoreCurrentFolder " & ignored\nEnd Sub\n',
        name=project.SETUP,
    )


@pytest.mark.parametrize(("caption", "macro"), BUTTONS)
def test_a_macro_calls_python(excel, caption, macro):
    setup_says(excel, "")
    excel.run(macro)
    call = f"RunPython {COMMANDS[caption]}"
    assert excel.console == ["IgnoreCurrentFolder True", call, "IgnoreCurrentFolder False"]


def test_what_is_missing_stands_in_the_status_line(excel):
    setup_says(excel, "xlwings is missing.")
    excel.run("RunTraining")
    excel.run("WorkbookOpened")
    assert excel.console == []
    assert excel.sheet("Training").value("status") == "xlwings is missing."


def test_opening_fetches_the_rows_of_a_run_only_where_there_is_one(excel):
    setup_says(excel, "")
    excel.run("WorkbookOpened")
    assert excel.console == [] and excel.sheet("Training").value("status") == "Ready."
    excel.sheet("Training").set_value("run_folder", "/somewhere")
    excel.run("WorkbookOpened")
    assert f"RunPython {CALL.format('opened')}" in excel.console


def do(excel, statement):
    excel.add_module(f"Public Sub Person()\n    {statement}\nEnd Sub\n", name="Person")
    excel.run("Person")


def test_a_renamed_sheet_still_has_its_status_line(macro_book, modules, tmp_path):
    """Its cells' names go with it. (pyOpenVBA's own renaming leaves them behind.)"""
    book, path = openpyxl.load_workbook(macro_book), tmp_path / "renamed.xlsx"
    sheet = book["Training"]
    sheet.title = "Exercise 1"
    for name in sheet.defined_names.values():
        name.attr_text = name.attr_text.replace("Training", sheet.title)
    book.save(path)
    app = with_buttons(path, modules)
    setup_says(app, "xlwings is missing.")
    app.run("RunTraining")
    assert app.sheet("Exercise 1").value("status") == "xlwings is missing."
    setup_says(app, "")
    app.run("WorkbookOpened")
    assert app.sheet("Exercise 1").value("status") == "Ready."


def test_a_protected_sheet_is_no_dialog(excel):
    """A run-time error of VBA would be one. Excel's status bar shows it; pyOpenVBA has none."""
    setup_says(excel, "xlwings is missing.")
    before = excel.sheet("Training").value("status")
    do(excel, 'ThisWorkbook.Worksheets("Training").Protect')
    excel.run("RunTraining")
    excel.run("WorkbookOpened")
    assert excel.sheet("Training").value("status") == before


SHELL = """
Public asked As String
Public Function Run(ByVal command As String, ByVal style As Long, ByVal wait As Boolean) As Long
    Debug.Print command
    {answer}
End Function
"""
ENVIRONMENT = """
Public Property Let Item(ByVal name As String, ByVal value As String)
    Debug.Print name & " = " & value
End Property
Public Sub Remove(ByVal name As String)
    Debug.Print name & " removed"
End Sub
"""
SHELL_WITH_ENVIRONMENT = """
Public Function Environment(ByVal which As String) As Object
    Set Environment = New Environment
End Function
"""
XLWINGS = """
Public Function GetConfig(key As String, Optional default As String = "") As Variant
    GetConfig = default
    If key = "INTERPRETER_WIN" Then GetConfig = "C:\\Python 3\\python.exe"
End Function
Public Function WScript() As Object
    Set WScript = New Shell
End Function
"""


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("Run = 0", ""),
        ("Run = 41", "xlwings is missing: run C:\\Python 3\\python.exe -m pip install xlwings=="),
        ("Run = 42", "another version is installed"),
        ("Run = 43", "gradsheet is missing"),
        ("Run = 2", "gradsheet needs Python 3.11 or later, and C:\\Python 3\\python.exe is older"),
        ("Run = 1", "does not start"),
        ('Err.Raise -2147024894, Description:="not found"', "not found at C:\\Python 3\\python.exe: install it"),
    ],
)
def test_the_check_of_the_installation(modules, answer, words):
    app = ExcelApplication()
    app.add_workbook()
    app.add_module(SHELL.format(answer=answer), name="Shell", kind="class")
    app.add_module(XLWINGS, name="xlwings")
    app.add_module(modules[project.SETUP], name=project.SETUP)
    said = app.run("SetupProblem")
    assert (words in said) if words else said == ""
    assert app.console == [f'"C:\\Python 3\\python.exe" -P -c "{project.question()}"']


def test_python_passes_over_the_current_folder_while_a_button_works(modules):
    """With this in its environment, xlwings' own `python -c` doesn't take csv.py from where Excel happens to be."""
    app = ExcelApplication()
    app.add_workbook()
    app.add_module(ENVIRONMENT, name="Environment", kind="class")
    app.add_module(SHELL_WITH_ENVIRONMENT, name="Shell", kind="class")
    app.add_module(XLWINGS, name="xlwings")
    app.add_module(modules[project.SETUP], name=project.SETUP)
    app.run("IgnoreCurrentFolder", True)
    app.run("IgnoreCurrentFolder", False)
    assert app.console == ["PYTHONSAFEPATH = 1", "PYTHONSAFEPATH removed"]


@pytest.mark.parametrize("safe", [True, False])
def test_a_file_in_the_current_folder_is_not_executed(tmp_path, safe):
    """The very commands: SetupProblem's with -P, RunPython's with the environment; without them, it is executed."""
    for module in ("csv", "xlwings", "json", "email"):
        (tmp_path / f"{module}.py").write_text(f"print('{module} executed')")
    run = {"cwd": tmp_path, "capture_output": True, "text": True, "check": False}
    option = ["-P"] if safe else []
    asked = subprocess.run([sys.executable, *option, "-c", project.question()], **run)
    environment = {**os.environ, **({"PYTHONSAFEPATH": "1"} if safe else {})}
    called = subprocess.run([sys.executable, "-B", "-c", "import xlwings.utils"], env=environment, **run)
    assert ("executed" in asked.stdout, "executed" in called.stdout) == (not safe, not safe)
    assert (asked.returncode == 0) == safe


def ask(code):
    return subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, check=False).returncode


def test_pythons_own_answer():
    question = project.question()
    assert '"' not in question
    assert ask(question) == 0
    assert ask(question.replace("has('xlwings')", "has('xlwings_not_here')")) == project.CODES["no_xlwings"]
    assert ask(question.replace("!= '", "!= '0.")) == project.CODES["other_xlwings"]
    assert ask(question.replace("has('workbook')", "has('not_here')")) == project.CODES["no_gradsheet"]
