"""The file that the exporter writes: cells, cached values for every reader, structure, determinism."""

import hashlib
import os
import re
import subprocess
import sys
import zipfile
from itertools import pairwise

import numpy as np
import openpyxl
import pandas
import pytest
import python_calamine
from openxml_audit import OpenXmlValidator, predict

from workbook.build import build
from workbook.parts.texts import plain
from workbook.sheets import functions
from workbook.sheets.layout import Layout, sheet_name
from workbook.sheets.network_picture import label_place, nodes
from xlfuncs import maths
from xlfuncs.network import DEFAULT, ITERATIONS, LEARNING_RATES, Network

HEADER = [
    "Iteration", "t1", "t2", "i1", "i2", "w1", "w2", "w3", "w4", "h1", "a_h1", "h2", "a_h2", "w5", "w6", "w7", "w8",
    "o1", "a_o1", "o2", "a_o2", "E1", "E2", "E_total",
    "∂E/∂w1", "∂E/∂w2", "∂E/∂w3", "∂E/∂w4", "∂E/∂w5", "∂E/∂w6", "∂E/∂w7", "∂E/∂w8",
]  # fmt: skip
# Row 29 as a careful student would type it, from the formulas of the exercise.
ROW_29 = {
    "A": "=A28+1", "B": "=B28", "E": "=E28",
    "F": "=F28-$H$17*Y28", "I": "=I28-$H$17*AB28", "N": "=N28-$H$17*AC28", "Q": "=Q28-$H$17*AF28",
    "J": "=F29*D29+G29*E29", "K": "=1/(1+EXP(-J29))", "L": "=H29*D29+I29*E29", "M": "=1/(1+EXP(-L29))",
    "R": "=N29*K29+O29*M29", "S": "=1/(1+EXP(-R29))", "T": "=P29*K29+Q29*M29", "U": "=1/(1+EXP(-T29))",
    "V": "=0.5*(B29-S29)^2", "W": "=0.5*(C29-U29)^2", "X": "=V29+W29",
    "Y": "=((S29-B29)*S29*(1-S29)*N29+(U29-C29)*U29*(1-U29)*P29)*K29*(1-K29)*D29",
    "Z": "=((S29-B29)*S29*(1-S29)*N29+(U29-C29)*U29*(1-U29)*P29)*K29*(1-K29)*E29",
    "AA": "=((S29-B29)*S29*(1-S29)*O29+(U29-C29)*U29*(1-U29)*Q29)*M29*(1-M29)*D29",
    "AB": "=((S29-B29)*S29*(1-S29)*O29+(U29-C29)*U29*(1-U29)*Q29)*M29*(1-M29)*E29",
    "AC": "=(S29-B29)*S29*(1-S29)*K29", "AD": "=(S29-B29)*S29*(1-S29)*M29",
    "AE": "=(U29-C29)*U29*(1-U29)*K29", "AF": "=(U29-C29)*U29*(1-U29)*M29",
}  # fmt: skip


@pytest.fixture(scope="module")
def formulas(default_book):
    return openpyxl.load_workbook(default_book)


@pytest.fixture(scope="module")
def values(default_book):
    return openpyxl.load_workbook(default_book, data_only=True)


def test_sheets(formulas):
    expected = ["Start", "LR=0.1", "LR=0.2", "LR=0.5", "LR=0.8", "LR=1.0", "LR=2.0", "Error_LR Graphs"]
    assert formulas.sheetnames == [*expected, functions.SHEET]


def test_the_reference_sheets_cells(formulas, values):
    sheet = formulas["LR=0.1"]
    assert sheet["H17"].value == 0.1
    assert [cell.value for cell in sheet[27]][:32] == HEADER
    assert {letter: sheet[f"{letter}29"].value for letter in ROW_29} == ROW_29
    assert sheet["A28"].value == 1
    assert sheet["A13"].value == "Forward Propagation" and sheet["A24"].value == "E_total = E1 + E2"
    assert sheet["K1"].value == "Backward Propagation (Gradient Calculation)"
    assert values["LR=0.1"]["X28"].value == pytest.approx(0.0141813779379, rel=1e-12)
    assert values["LR=0.1"]["X112"].value == pytest.approx(0.00864403390496, rel=1e-12)
    assert sheet["X113"].value is None


def test_every_row_has_the_formulas_of_its_row(formulas):
    sheet = formulas["LR=2.0"]
    for row in (30, 77, 112):
        for letter, formula in ROW_29.items():
            moved = re.sub(r"(?<![$\dA-Z])([A-Z]{1,2})(28|29)\b", lambda m: f"{m[1]}{int(m[2]) + row - 29}", formula)  # noqa: B023
            assert sheet[f"{letter}{row}"].value == moved


def test_only_known_functions(formulas):
    used = set()
    for sheet in formulas:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f" and sheet.title != functions.SHEET:  # that one says which programs know it
                    used |= set(re.findall(r"([A-Z.]+)\(", cell.value))
    assert used <= {"EXP", "IF", "SUMPRODUCT", "MIN", "NA"}


def test_every_reader_sees_the_cached_numbers(default_book):
    expected = maths.table(DEFAULT, 0.5, ITERATIONS)
    by_pandas = pandas.read_excel(default_book, sheet_name="LR=0.5", header=26, engine="openpyxl")
    assert list(by_pandas.columns[:32]) == HEADER
    np.testing.assert_array_equal(by_pandas.iloc[:, :32].to_numpy(float), expected)
    rows = python_calamine.CalamineWorkbook.from_path(str(default_book)).get_sheet_by_name("LR=0.5").to_python()
    by_calamine = [row[:32] for row in rows if len(row) > 31 and isinstance(row[0], float)]
    np.testing.assert_array_equal(np.array(by_calamine, float), expected)


def test_no_formula_without_a_value(default_book, macro_book):
    """Read from the XML itself: openpyxl gives None for an empty text too."""
    for path, at_least in ((default_book, 6 * (84 * 32 + 31)), (macro_book, 6 * (84 * 32 + 31))):
        found = 0
        with zipfile.ZipFile(path) as package:
            for part in package.namelist():
                if not part.startswith("xl/worksheets/sheet"):
                    continue
                for cell in re.findall(r"<c [^>]*?(?:/>|>.*?</c>)", package.read(part).decode()):
                    if "<f" in cell:
                        found += 1
                        assert re.search(r"</f><v>[^<]+</v></c>$", cell), f"{part}: {cell}"
        assert found > at_least


def test_start(formulas, values):
    start = values["Start"]
    assert [start[c].value for c in ("C7", "D7", "C8", "D8")] == [0.05, 0.1, 0.5, 0.5]
    assert [start[f"{c}{r}"].value for r in range(9, 13) for c in "CD"] == [w.start for w in DEFAULT.weights]
    rows = {
        row[1].value: [cell.value for cell in row[2:7]]
        for row in start.iter_rows()
        if str(row[1].value).startswith("LR=")
    }
    assert rows["LR=0.2"][-1] == 60 and rows["LR=2.0"][-1] == 7 and rows["LR=0.1"][-1] == "–"
    assert rows["LR=2.0"][2] == pytest.approx(2.15928e-07, rel=1e-5)
    assert [cell.hyperlink.location for cell in formulas["Start"]["B"] if cell.hyperlink][:2] == [
        "'LR=0.1'!A1",
        "'LR=0.2'!A1",
    ]
    text = " ".join(str(cell.value) for row in start.iter_rows() for cell in row if cell.value)
    assert "published workbook" in text and "K28" in text and "POW" in text


def test_names(formulas):
    lambdas = ("BP_", "NN_", "GS_")
    found = formulas.defined_names.items()
    names = {name: defined.attr_text for name, defined in found if not name.startswith(lambdas)}
    assert names == {
        "inputs": "'Start'!$C$7:$D$7",
        "targets": "'Start'!$C$8:$D$8",
        "weights_hidden": "'Start'!$C$9:$D$10",
        "weights_output": "'Start'!$C$11:$D$12",
    }
    own = formulas["LR=0.8"].defined_names
    assert own["learning_rate"].attr_text == "'LR=0.8'!$H$17"
    assert own["E_total"].attr_text == "'LR=0.8'!$X$28:$X$112"


def test_set_up(formulas):
    for rate in LEARNING_RATES:
        sheet = formulas[sheet_name(rate)]
        assert sheet.freeze_panes == "B3"
        assert [cell.value for cell in sheet[2]][:32] == HEADER
        assert sheet.print_title_rows == "$2:$2"
        assert sheet.page_setup.orientation == "landscape" and sheet.sheet_properties.pageSetUpPr.fitToPage
        assert sheet["H17"].fill.fgColor.rgb == "00FFF9C4"
        assert sheet["X28"].number_format.startswith("0.00000000;-0.00000000")


def test_derivations_are_generated(formulas):
    sheet = formulas["LR=0.1"]
    texts = [cell.value for row in sheet.iter_rows(max_row=26) for cell in row if isinstance(cell.value, str)]
    for k in range(1, 9):
        assert f"∂E_total/∂w{k}" in texts
    assert "∂E1/∂a_h1 = (a_o1 − t1)·a_o1·(1 − a_o1)·w5" in texts
    assert (
        "∂E_total/∂w4 = [(a_o1 − t1)·a_o1·(1 − a_o1)·w6 + (a_o2 − t2)·a_o2·(1 − a_o2)·w8]·a_h2·(1 − a_h2)·i2" in texts
    )


def test_charts(default_book):
    book = openpyxl.load_workbook(default_book)
    graphs = book["Error_LR Graphs"]._charts
    assert len(graphs) == 7
    assert graphs[0].y_axis.scaling.logBase == 10 and len(graphs[0].series) == 6
    for chart, rate in zip(graphs[1:], LEARNING_RATES, strict=True):
        assert chart.series[0].val.numRef.f == f"'{sheet_name(rate)}'!$X$28:$X$112"
        assert chart.series[0].cat.numRef.f == f"'{sheet_name(rate)}'!$A$28:$A$112"
        assert chart.series[0].tx.strRef.f == f"'{sheet_name(rate)}'!$AA$1"
        assert chart.legend.position == "t"


@pytest.mark.parametrize(
    ("sizes", "iterations", "native"),
    [((2, 2, 2), 85, True), ((2, 2, 2), 5, False), ((3, 4, 2), 12, True), ((1, 1, 1), 1, True), ((8, 9, 4), 3, True)],
)
def test_excel_opens_it_without_a_repair(tmp_path, sizes, iterations, native):
    path = tmp_path / "audited.xlsx"
    build(path, Network.of_sizes(sizes), [0.1, 2.0], iterations, formulas="native" if native else "values")
    result = OpenXmlValidator().validate(str(path))
    assert [str(error) for error in result.errors] == []
    assert predict(result).prediction.value == "opens-clean"


def test_extreme_formulas_are_well_formed(tmp_path):
    path = tmp_path / "extreme.xlsx"
    build(path, Network.of((1000.0,), (0.5,), ((-1.0,),), ((0.5,),)), [0.1], 2)
    sheet = openpyxl.load_workbook(path)["LR=0.1"]
    assert "=IF(E28<-700,EXP(E28),1/(1+EXP(-E28)))" in [cell.value for cell in sheet[28]]


def digest(path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_same_command_gives_the_same_bytes(default_book, tmp_path):
    """Also in another process, with another hash seed, without lxml."""
    path = tmp_path / "again.xlsx"
    code = f"from workbook.cli import main; raise SystemExit(main(['build', {str(path)!r}]))"
    for environment in ({"PYTHONHASHSEED": "1"}, {"PYTHONHASHSEED": "2", "OPENPYXL_LXML": "False"}):
        subprocess.run([sys.executable, "-c", code], env={**os.environ, **environment}, check=True)
        assert digest(path) == digest(default_book)


def test_constants_keep_all_their_digits(tmp_path):
    """openpyxl writes 16 significant digits; a float64 needs 17."""
    network = Network.of((0.1 + 0.2,), (0.5,), ((1 / 3,),), ((2 / 3 + 1e-16,),))
    build(tmp_path / "digits.xlsx", network, [0.1 * 3], 2)
    book = openpyxl.load_workbook(tmp_path / "digits.xlsx")
    assert [book["Start"][c].value for c in ("C7", "C9", "C10")] == [0.1 + 0.2, 1 / 3, 2 / 3 + 1e-16]
    assert book[sheet_name(0.1 * 3)]["H17"].value == 0.1 * 3


def test_no_part_holds_a_date(default_book):
    with zipfile.ZipFile(default_book) as package:
        assert {info.date_time for info in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert b"W3CDTF" not in package.read("docProps/core.xml")


@pytest.mark.parametrize("sizes", [(2, 2, 2), (3, 4, 2), (1, 5, 1), (4, 3, 5)])
def test_labels_in_the_picture_do_not_touch(sizes):
    layers = nodes(Layout(Network.of_sizes(sizes), 5))
    for left, right in pairwise(layers):
        place = label_place(left, right)
        assert place is not None
        ys = sorted(a.y + place * (b.y - a.y) for a in left for b in right)
        assert min(np.diff(ys), default=99) >= 12


def test_picture_is_linked_to_the_cells(default_book):
    with zipfile.ZipFile(default_book) as package:
        drawing = package.read("xl/drawings/drawing2.xml").decode()
    links = set(re.findall(r'textlink="(\$[A-Z]+\$\d+)"', drawing))
    assert links == {f"${c}$28" for c in ["D", "E", *"FGHI", "K", "M", *"NOPQ", "S", "U", "B", "C", "V", "W"]}
    assert drawing.count('prst="ellipse"') == 6 and drawing.count('prst="line"') == 8


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1, "0.1"),
        (2.0, "2"),
        (100.0, "100"),
        (1e-5, "0.00001"),
        (1.5e-10, "1.5E-10"),
        (0.0, "0"),
        (1e20, "1E+20"),
        (-0.25, "-0.25"),
    ],
)
def test_numbers_as_excel_joins_them_to_text(value, text):
    assert plain(value) == text
