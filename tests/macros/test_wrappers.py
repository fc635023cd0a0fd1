"""The VBA wrappers: xlwings' own text, and each call reaches Python with its arguments."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from pyopenvba.apps.excel import ExcelApplication

import xlfuncs
from workbook.macros import wrappers
from xlfuncs.function_table import FUNCTIONS

CLASSIC = Path(__file__).parents[1] / "xlfuncs" / "classic_xlwings.py"
ATTRIBUTE = re.compile(r"^Attribute .*\n", re.MULTILINE)
ARGUMENTS = {
    "BP_SIGMOID": 1,
    "BP_FORWARD": 3,
    "BP_ERROR": 2,
    "BP_GRAD": 5,
    "BP_UPDATE": 3,
    "BP_TABLE": 7,
    "BP_SWEEP": 6,
    "BP_GRADCHECK": 4,
    "BP_CHECK": 2,
    "BP_EXPLAIN": 5,
    "MNIST_PREDICT": 1,
}
OPTIONAL = {"BP_GRAD": 1, "BP_CHECK": 1, "BP_TABLE": 2, "BP_SWEEP": 1}


def functions_of(text):
    """The text of each function of a module."""
    found = re.findall(r"^(Function (\w+)\(.*?^End Function)$", text, re.MULTILINE | re.DOTALL)
    return {name: source for source, name in found}


def test_the_wrappers_are_those_of_xlwings():
    done = subprocess.run([sys.executable, CLASSIC, "wrappers"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    theirs = functions_of(done.stdout)
    ours = functions_of(ATTRIBUTE.sub("", wrappers.module()))
    assert set(theirs) == set(xlfuncs.__all__)
    assert ours == theirs
    assert list(ours) == list(theirs)  # also in the same order


def test_every_function_has_its_help_and_category():
    text = wrappers.module()
    for name in xlfuncs.__all__:
        (said,) = re.findall(rf'^Attribute {name}\.VB_Description = "(.*)"$', text, re.MULTILINE)
        assert 20 < len(said) <= 255 and said.isascii()
        assert f'Attribute {name}.VB_ProcData.VB_Invoke_Func = " \\n20"' in text
        assert all(len(argument.help) > 10 for argument in FUNCTIONS[name].arguments)
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= 1023  # VBA's longest line


RECORDER = """
Public Function CallUDF(module As String, name As String, args As Variant, book As Variant, caller As Variant) As Variant
    Dim k As Long, said As String
    If name = "BP_UPDATE" Then Err.Raise 1001, Description:="Python says no"
    For k = LBound(args) To UBound(args)
        If IsMissing(args(k)) Then
            said = said & "|missing"
        Else
            said = said & "|" & args(k)
        End If
    Next k
    CallUDF = module & "." & name & said
End Function
"""
XLWINGS = """
Public Function XLPy() As Object
    Set XLPy = New Recorder
End Function
"""


@pytest.fixture(scope="module")
def excel():
    app = ExcelApplication()
    app.add_workbook()
    app.add_module(RECORDER, name="Recorder", kind="class")
    app.add_module(XLWINGS, name="xlwings")
    # pyOpenVBA's Excel reads no attributes in a function, and has no Application.Caller: as if called from a cell.
    source = re.sub(r"^Attribute \w+\..*\n", "", wrappers.module(), flags=re.MULTILINE)
    source = source.replace("TypeOf Application.Caller Is Range", "True")
    source = source.replace("Application.Caller", '"a cell"')
    app.add_module(source, name=wrappers.MODULE)
    return app


@pytest.mark.parametrize("name", sorted(set(ARGUMENTS) - {"BP_UPDATE"}))
def test_a_call_reaches_python_with_its_arguments(excel, name):
    given = [str(k) for k in range(ARGUMENTS[name])]
    assert excel.run(name, *given) == "|".join([f"xlfuncs.{name}", *given])


@pytest.mark.parametrize("name", sorted(OPTIONAL))
def test_missing_arguments_reach_python_as_missing(excel, name):
    given = [str(k) for k in range(ARGUMENTS[name] - OPTIONAL[name])]
    assert excel.run(name, *given) == "|".join([f"xlfuncs.{name}", *given, *["missing"] * OPTIONAL[name]])


def test_an_error_comes_back_as_text(excel):
    assert excel.run("BP_UPDATE", 1, 2, 3) == "Python says no"
