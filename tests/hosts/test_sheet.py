"""The sheet Functions and the names in the files that are built: recalculated by engines that know LAMBDA."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from openpyxl import load_workbook
from openpyxl.worksheet.formula import ArrayFormula
from openxml_audit import OpenXmlValidator, predict
from python_calamine import CalamineWorkbook

from tests.hosts.engines import ENGINES
from workbook import build
from workbook.hosts import lambdas
from workbook.parts.page import FORMULAS, NATIVE
from workbook.sheets import functions
from xlfuncs.function_table import FUNCTIONS
from xlfuncs.network import DEFAULT, LEARNING_RATES
from xlfuncs.spec import Spec

CLOSE = 1e-12
PLAIN, OTHER = "2-2-2", "2-3-2 tanh softmax cross-entropy bias=unit adam"


def network_of(line: str):
    spec = Spec.parse(line)
    weights = [round(0.1 + 0.03 * k, 2) for k in range(spec.weight_count)]
    return spec.network([0.05, 0.1], [0.3, 0.7], weights)


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("built")
    paths = {PLAIN: folder / "plain.xlsx", OTHER: folder / "other.xlsx"}
    build.build(paths[PLAIN], DEFAULT, LEARNING_RATES, 85)
    build.build(paths[OTHER], network_of(OTHER), [0.1], 5)
    return paths


def cached(path: Path) -> list[list]:
    sheet = load_workbook(path, data_only=True)[functions.SHEET]
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


def same(cell, shown, close: float) -> bool:
    if isinstance(cell, int | float) and isinstance(shown, float):
        return abs(cell - shown) <= close
    return (cell or None) == (shown or None)


@pytest.mark.parametrize(("engine", "line"), [("ironcalc", PLAIN), ("ironcalc", OTHER), ("formulon", OTHER)])
def test_engines_find_the_files_own_values(engine, line, built):
    values = cached(built[line])
    shown = ENGINES[engine](built[line])(functions.SHEET, 1, 1, len(values), len(values[0]))
    off = [
        (r, c, cell, other)
        for r, (row, others) in enumerate(zip(values, shown, strict=True), start=1)
        for c, (cell, other) in enumerate(zip(row, others, strict=True), start=1)
        if not same(cell, other, CLOSE)
    ]
    assert not off


def test_the_exercise_differs_by_nothing(built):
    shown = ENGINES["ironcalc"](built[PLAIN])(functions.SHEET, 4, 3, 1, 2)[0]
    assert shown[0] == 0.0
    assert shown[1] == f"{sum(len(r) for r in differences(built[PLAIN]))} numbers compared"


def differences(path: Path) -> list[list[str]]:
    """The cells of the arrays that compare a function with plain formulas."""
    sheet = load_workbook(path)[functions.SHEET]
    found = []
    for row in sheet.iter_rows():
        for cell in row:
            if isinstance(cell.value, ArrayFormula) and cell.value.text.startswith("=IFERROR(ABS("):
                found += (
                    [[each.coordinate for each in line] for line in sheet[cell.value.ref]]
                    if ":" in cell.value.ref
                    else [[cell.coordinate]]
                )
    return found


def test_a_changed_cell_is_followed_by_both(built, tmp_path):
    """As a student does it: every yellow weight changed, functions and plain formulas agree again."""
    changed = tmp_path / "changed.xlsx"
    with zipfile.ZipFile(built[PLAIN]) as source, zipfile.ZipFile(changed, "w") as target:
        part = f"xl/worksheets/sheet{load_workbook(built[PLAIN]).sheetnames.index(functions.SHEET) + 1}.xml"
        for name in source.namelist():
            content = source.read(name)
            if name == part:
                for letter, value in zip(
                    "CDEFGHIJ", (b"-1.5", b"2", b"0.3", b"-0.7", b"1.1", b"0.9", b"-2.2", b"0.4"), strict=True
                ):
                    pattern = rb'(<c r="' + letter.encode() + str(functions.WEIGHT_ROW).encode() + rb'"[^>]*><v>)[^<]*'
                    content, count = re.subn(pattern, rb"\g<1>" + value, content)
                    assert count == 1
            target.writestr(name, content)
    read = ENGINES["ironcalc"](changed)
    assert read(functions.SHEET, 4, 3, 1, 1) == [[pytest.approx(0.0, abs=1e-15)]]
    before = ENGINES["ironcalc"](built[PLAIN])(functions.SHEET, functions.PLAIN_ROW + 1, 3, 1, 32)
    assert read(functions.SHEET, functions.PLAIN_ROW + 1, 3, 1, 32) != before


def test_a_wrong_function_is_seen(built, tmp_path):
    """The differences aren't 0 by themselves: a LAMBDA with another sign shows."""
    wrong = tmp_path / "wrong.xlsx"
    with zipfile.ZipFile(built[PLAIN]) as source, zipfile.ZipFile(wrong, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "xl/workbook.xml":
                assert content.count(b"(_xlpm.out-_xlpm.want)*_xlpm.out*(1-_xlpm.out)")
                content = content.replace(b"(_xlpm.out-_xlpm.want)*_xlpm.out*", b"(_xlpm.want-_xlpm.out)*_xlpm.out*")
            target.writestr(name, content)
    assert ENGINES["ironcalc"](wrong)(functions.SHEET, 4, 3, 1, 1)[0][0] > 1e-3


def test_pyopenvba_sees_the_cells_of_every_sheet(built):
    """Its reader looks for self-closed relations."""
    from pyopenvba.apps.excel import ExcelApplication

    app = ExcelApplication.open(built[OTHER], with_vba=False)
    assert app.sheet(functions.SHEET).value("B1") == "Functions"
    assert app.sheet("Start").value("B1")
    with zipfile.ZipFile(built[OTHER]) as package:
        relations = [name for name in package.namelist() if name.endswith(".rels")]
        assert relations
        for name in relations:
            assert b"</Relationship>" not in package.read(name)


@pytest.mark.parametrize("line", [PLAIN, OTHER])
def test_stored_as_excel_does(line, built):
    with zipfile.ZipFile(built[line]) as package:
        book = package.read("xl/workbook.xml").decode()
        types = package.read("[Content_Types].xml").decode()
        relations = package.read("xl/_rels/workbook.xml.rels").decode()
        place = load_workbook(built[line]).sheetnames.index(functions.SHEET) + 1
        sheet = package.read(f"xl/worksheets/sheet{place}.xml").decode()
        metadata = package.read("xl/metadata.xml").decode()
    assert '<definedName comment="' in book
    assert all(len(comment) <= 255 for comment in re.findall(r'comment="([^"]*)"', book))
    assert 'PartName="/xl/metadata.xml"' in types and "sheetMetadata+xml" in types
    assert re.search(r'Target="metadata.xml"[^>]*sheetMetadata"', relations)
    assert "XLDAPR" in metadata and 'fDynamic="1"' in metadata
    calls = [re.search(r"<f[^>]*>([A-Z]+_[A-Z]+)\(", cell) for cell in re.findall(r'<c cm="1".*?</c>', sheet)]
    assert calls and all(calls)
    names = {name for name in lambdas.functions() if line == PLAIN or name.startswith("NN_")}
    assert {call[1] for call in calls} == names


def test_the_name_manager_lists_the_functions_only(built):
    defined = load_workbook(built[PLAIN]).defined_names
    ours = [defined[name.name] for name in lambdas.names()]
    assert [name.name for name in ours if not name.hidden] == sorted(lambdas.functions())
    assert {name.name: name.comment for name in ours if not name.hidden} == {
        name: FUNCTIONS[name].help for name in lambdas.functions()
    }


@pytest.mark.parametrize("line", [PLAIN, OTHER])
def test_excel_opens_it_without_a_repair(line, built):
    result = OpenXmlValidator().validate(str(built[line]))
    assert [str(error) for error in result.errors] == []
    assert predict(result).prediction.value == "opens-clean"


@pytest.mark.parametrize("formulas", FORMULAS)
def test_only_workbooks_of_plain_formulas_have_it(formulas, tmp_path):
    path = tmp_path / "book.xlsx"
    build.build(path, DEFAULT, [0.1], 3, formulas=formulas)
    book = load_workbook(path)
    assert (functions.SHEET in book.sheetnames) == (formulas == NATIVE)
    assert ("BP_GRAD" in book.defined_names) == (formulas == NATIVE)


def test_not_where_vba_functions_have_these_names(tmp_path):
    path = tmp_path / "book.xlsm"
    build.build(path, DEFAULT, [0.1], 3, macros=True)
    book = load_workbook(path)
    assert functions.SHEET not in book.sheetnames
    assert "BP_GRAD" not in book.defined_names


@pytest.mark.parametrize("line", [PLAIN, OTHER])
def test_other_readers_see_it(line, built):
    frame = pd.read_excel(built[line], sheet_name=functions.SHEET, header=None)
    rows = CalamineWorkbook.from_path(built[line]).get_sheet_by_name(functions.SHEET).to_python()
    for cells in (frame.to_numpy().tolist(), rows):
        texts = [cell for row in cells for cell in row if isinstance(cell, str)]
        assert functions.ABOUT in texts
        assert not [text for text in texts if text.startswith("#")]


def test_nothing_else_refers_to_it(built):
    for sheet in load_workbook(built[PLAIN]).worksheets:
        if sheet.title == functions.SHEET:
            continue
        for row in sheet.iter_rows():
            for cell in row:
                text = getattr(cell.value, "text", cell.value)
                assert not (
                    isinstance(text, str) and text.startswith("=") and re.search(r"Functions!|\b(BP|NN)_", text)
                )


def test_start_links_to_it(built):
    links = [
        c.hyperlink.location for row in load_workbook(built[PLAIN])["Start"].iter_rows() for c in row if c.hyperlink
    ]
    assert "Functions!A1" in links or "'Functions'!A1" in links
