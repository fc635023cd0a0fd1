"""What a person sees: each number as it is, in columns wide enough, with the rest of the sheet in reach.

LibreOffice shows the strings; widths are those of Carlito, which has Calibri's; colours go through Machado's model of
a deuteranope's eye.
"""

import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
import zipfile
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import openpyxl
import pytest
from openpyxl.styles.numbers import is_date_format
from openpyxl.utils import get_column_letter, range_boundaries
from openxml_audit import OpenXmlValidator

from tests import screen
from tests.conftest import needs_program
from workbook.build import build
from workbook.cli import main
from workbook.parts import styles
from workbook.sheets.layout import sheet_name
from workbook.sheets.playground import NOTHING_COMPARED
from xlfuncs import maths
from xlfuncs.network import DEFAULT, ITERATIONS, LEARNING_RATES, Network
from xlfuncs.spec import Spec

MAGNITUDES = (
    1e-300, 4.54125e-09, 5e-05, 0.00099999999, 0.001, 0.00100001, 0.0123456789, 0.5, 0.9999999999, 7, 999.99999999,
    1000, 1000.0001, 12345.678, 2e9, 1e300,
)  # fmt: skip
VALUES = (0.0, *MAGNITUDES, *(-m for m in MAGNITUDES))
SCIENTIFIC = r"-?\d\.\d{6}E[+-]\d{2,3}"


def formats(paths):
    """Every number format in the workbooks, with whether a conditional format joins in."""
    found = set()
    for path in paths:
        for sheet in openpyxl.load_workbook(path):
            areas, codes = compared_areas(sheet), {}
            for row in sheet.iter_rows():
                for cell in row:
                    inside = any(a <= cell.column <= c and b <= cell.row <= d for a, b, c, d in areas)
                    code = codes.get(cell.style_id) or codes.setdefault(cell.style_id, cell.number_format)
                    found.add((code, inside))
    return sorted(found)


def test_every_format_shows_the_number_as_it_is(libreoffice, default_book, macro_book, tmp_path):
    used = [(code, inside) for code, inside in formats([default_book, macro_book]) if code != ";;;"]
    assert len(used) > 8 and not any(is_date_format(code) for code, _ in used)
    book = openpyxl.Workbook()
    styles.register(book)
    sheet = book.active
    sheet.title = "probe"
    for row, (code, inside) in enumerate(used, start=1):
        for column, value in enumerate(VALUES, start=1):
            sheet.cell(row, column, value).number_format = code
        if inside:
            for rule in styles.scientific_where_needed():
                sheet.conditional_formatting.add(f"A{row}:{get_column_letter(len(VALUES))}{row}", rule)
    path = tmp_path / "probe.xlsx"
    book.save(path)
    area = f"A1:{get_column_letter(len(VALUES))}{len(used)}"
    shown = libreoffice.displayed(path, {"probe": area})["probe"]
    for (code, inside), strings in zip(used, shown, strict=True):
        for value, string in zip(VALUES, strings, strict=True):
            assert screen.reads_back(string, value, code), f"{code}: {value} is shown as {string!r}"
            if inside and value:  # no digits lost either
                assert float(string) == pytest.approx(value, rel=1e-4), f"{code}: {value} is shown as {string!r}"
            if inside and not value:
                assert string == "0"


def test_the_default_workbook_shows_every_sign(libreoffice, default_book):
    """78 gradients of the sheet LR=2.0 are negative and small: LibreOffice used to show them as positive."""
    shown = libreoffice.displayed(default_book, {"LR=2.0": "B28:AF112"})["LR=2.0"]
    table = maths.table(DEFAULT, 2.0, ITERATIONS)[:, 1:]
    for k in range(table.shape[1]):
        assert sum(row[k].startswith("-") for row in shown) == (table[:, k] < 0).sum()
    assert (table[:, 23:] < 0).sum() == 78
    for strings, row in zip(shown, table.tolist(), strict=True):
        for string, value in zip(strings, row, strict=True):
            assert float(string) == pytest.approx(value, rel=5e-4)  # no digits lost


def test_what_is_printed_is_what_is_displayed(libreoffice, tmp_path):
    """A PDF holds what LibreOffice draws, conditional formats included."""
    needs_program(bool(shutil.which("pdftotext")), "pdftotext is not installed")
    build(tmp_path / "a.xlsx", DEFAULT, [2.0], ITERATIONS)
    libreoffice.print(tmp_path / "a.xlsx", tmp_path / "a.pdf")
    command = ["pdftotext", "-layout", str(tmp_path / "a.pdf"), "-"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    printed = {" ".join(line.split()) for line in lines}
    shown = libreoffice.displayed(tmp_path / "a.xlsx", {"LR=2.0": "A28:AF112"})["LR=2.0"]
    assert all(" ".join(row) in printed for row in shown)
    assert len([line for line in printed if re.search(rf" -{SCIENTIFIC[2:]}", line)]) >= 39


def test_a_changed_input_shows_everywhere_as_a_number(libreoffice, default_book):
    """LibreOffice gives a formula's General cell the format of the cell that it refers to."""
    changes = {"Start": {"C7": 0.9, "D7": -0.25, "C9": -0.15}}
    cells = {"Start": "C7:D9", "LR=0.1": "D28:E30", "LR=0.2": "I3:I6"}
    shown = libreoffice.displayed(default_book, cells, changes, as_opened=True)
    assert shown["LR=0.1"] == [["0.9", "-0.25"]] * 3
    assert [row[0] for row in shown["LR=0.2"]] == ["0.9", "-0.25", "0.5", "0.5"]
    assert [re.sub(" +", " ", s) for s in (*shown["Start"][0], shown["Start"][2][0])] == [
        "i1 = 0.9", "i2 = -0.25", "w1 = -0.15",
    ]  # fmt: skip


def test_titles_follow_the_learning_rate(libreoffice, default_book):
    """Also in a program that keeps a chart's title as it was: there ɳ stands in the curve's name."""
    cells = {"LR=0.5": "A1:AA1", "Error_LR Graphs": "D3:D3"}
    shown = libreoffice.displayed(default_book, cells, {"LR=0.5": {"H17": 3.0}}, as_opened=True)
    assert shown["LR=0.5"][0][0] == "Training at learning rate ɳ = 3"
    assert shown["LR=0.5"][0][-1] == "Learning Rate (ɳ) = 3"
    assert shown["Error_LR Graphs"] == [["ɳ = 3"]]
    charts = [chart for sheet in openpyxl.load_workbook(default_book) for chart in sheet._charts]
    assert len(charts) == 14
    for chart in charts:
        words = "".join(run.t for paragraph in chart.title.tx.rich.p for run in paragraph.r)
        assert not re.search(r"\d", words)
        assert all(series.tx.strRef.f for series in chart.series)


# --- widths ---


@dataclass(frozen=True)
class Look:
    """What a cell's style says of its text."""

    size: float
    bold: bool
    italic: bool
    wraps: bool
    shrinks: bool
    side: str | None
    indent: float
    code: str

    @classmethod
    def of(cls, cell):
        font, to = cell.font, cell.alignment
        return cls(font.sz, bool(font.b), bool(font.i), bool(to.wrap_text), bool(to.shrink_to_fit), to.horizontal,
                   to.indent, cell.number_format)  # fmt: skip

    def px(self, text: str) -> float:
        return screen.text_px(text, self.size, bold=self.bold, italic=self.italic)


class Sheet:
    """A sheet with the room that its cells have."""

    def __init__(self, sheet):
        self.sheet = sheet
        self.widths = {}
        for key, dimension in sheet.column_dimensions.items():
            first = dimension.min or openpyxl.utils.column_index_from_string(key)
            for column in range(first, (dimension.max or first) + 1):
                self.widths[column] = screen.column_px(dimension.width)
        self.merged = {
            (row, column): area
            for area in sheet.merged_cells.ranges
            for row in range(area.min_row, area.max_row + 1)
            for column in range(area.min_col, area.max_col + 1)
        }

    def width(self, column: int) -> int:
        return self.widths.get(column, screen.column_px(None))

    def height(self, row: int) -> float:
        """In points."""
        return self.sheet.row_dimensions[row].height or 15

    def area(self, cell):
        """The columns and rows that belong to the cell: more than one of each where cells are merged."""
        merged = self.merged.get((cell.row, cell.column))
        if merged:
            return range(merged.min_col, merged.max_col + 1), range(merged.min_row, merged.max_row + 1)
        return range(cell.column, cell.column + 1), range(cell.row, cell.row + 1)

    def room(self, cell, side: str | None) -> float:
        """Pixels for one line of the cell's text: it runs over empty neighbours, on the side where it may."""
        columns, _ = self.area(cell)
        width = sum(map(self.width, columns))
        step = {"right": -1, "center": 0}.get(side, 1)
        column = columns[-1] + 1 if step > 0 else columns[0] - 1
        while step and 1 <= column <= columns[0] + 40 and self.sheet.cell(cell.row, column).value is None:
            width += self.width(column)
            column += step
        return width


def compared_areas(sheet):
    """The ranges where a conditional format looks at a number's size."""
    return [range_boundaries(str(area)) for found in sheet.conditional_formatting for area in found.sqref.ranges
            if any(rule.type == "cellIs" for rule in found.rules)]  # fmt: skip


def widest(code: str) -> str:
    """The widest string of a cell whose small and large numbers are in scientific notation, whatever it holds."""
    return "-1000.00000000" if code == styles.DECIMALS else "-4.541250E-109"


def check_widths(libreoffice, path, slack=1.04):
    """Every text of every visible sheet fits where it stands; returns how many were looked at."""
    book = openpyxl.load_workbook(path)
    visible = [sheet for sheet in book if sheet.sheet_state == "visible"]
    shown = libreoffice.displayed(path, {sheet.title: sheet.dimensions for sheet in visible})
    checked = 0
    for sheet in visible:
        left, top, _, _ = range_boundaries(sheet.dimensions)
        view, areas, looks = Sheet(sheet), compared_areas(sheet), {}
        numbers = {}  # the widest in each column and style
        for row in sheet.iter_rows():
            for cell in row:
                text = shown[sheet.title][cell.row - top][cell.column - left]
                if cell.value is None or not text:
                    continue
                look = looks.get(cell.style_id) or looks.setdefault(cell.style_id, Look.of(cell))
                if re.fullmatch(r"-?[\d.,]+(E[+-]\d+)?( ?%)?", text):
                    inside = any(a <= cell.column <= c and b <= cell.row <= d for a, b, c, d in areas)
                    texts = [text, widest(look.code)] if inside else [text]
                    texts += ["100.00 %"] if look.code == '0.00" %"' else []
                    needed = max(map(look.px, texts))
                    kind = (cell.column, cell.style_id, cell.row in view.merged)
                    if needed > numbers.get(kind, (0, None))[0]:
                        numbers[kind] = needed, cell
                else:
                    check_text(view, cell, text, look)
                checked += 1
        for needed, cell in numbers.values():
            own = sum(map(view.width, view.area(cell)[0])) - screen.PADDING
            assert needed * slack <= own, f"{path.name} {sheet.title}!{cell.coordinate}: {needed:.0f} px in {own}"
    return checked


def check_text(view, cell, text, look):
    columns, rows = view.area(cell)
    place = f"{view.sheet.title}!{cell.coordinate}: {text!r}"
    if look.wraps:
        own = sum(map(view.width, columns)) - screen.PADDING
        count = screen.lines(text, own / 1.02, look.size, bold=look.bold, italic=look.italic)
        assert count * look.size * 1.22 <= sum(map(view.height, rows)) + 1, f"{place} needs {count} lines"
    elif not look.shrinks and look.code != ";;;":
        needed, room = look.px(text) + 9 * look.indent, view.room(cell, look.side)
        assert needed <= room, f"{place} needs {needed:.0f} px of {room}"


def test_columns_are_wide_enough(libreoffice, default_book, macro_book):
    needs_program(screen.CARLITO.is_dir(), "The font Carlito is not installed")
    assert check_widths(libreoffice, default_book) > 16_000
    assert check_widths(libreoffice, macro_book) > 16_000


@pytest.mark.parametrize("sizes", [(1, 1, 1), (3, 4, 2)])
def test_columns_of_other_networks_are_wide_enough(libreoffice, tmp_path, sizes):
    needs_program(screen.CARLITO.is_dir(), "The font Carlito is not installed")
    network = Network.of_sizes(sizes)
    large = Network.from_flat(sizes, [-12345.678] * sizes[0], [0.5] * sizes[2], [-2e9] * len(network.weights))
    for k, chosen in enumerate((network, large)):
        build(tmp_path / f"{k}.xlsx", chosen, [0.7, 1e-9], 30)
        assert check_widths(libreoffice, tmp_path / f"{k}.xlsx") > 500


# --- the window ---

WINDOW = (1366, 768)
AROUND = (60, 330)
"""Pixels of a window that aren't cells: row numbers and scroll bar; title, ribbon, formula bar, letters, tabs, task bar."""


def frozen_px(sheet) -> tuple[float, float]:
    pane = sheet.freeze_panes
    if not pane:
        return 0, 0
    corner = sheet[pane]
    zoom = (sheet.sheet_view.zoomScale or 100) / 100
    width = sum(Sheet(sheet).width(c) for c in range(1, corner.column))
    height = sum((sheet.row_dimensions[r].height or 15) * screen.POINT for r in range(1, corner.row))
    return width * zoom, height * zoom


@pytest.mark.parametrize("magnified", [1, 1.5])
def test_what_is_frozen_leaves_room_to_scroll(default_book, macro_book, magnified):
    """On a small laptop, at 100 % and at 150 %: at least two thirds of the cells' room scroll."""
    room = [a - b for a, b in zip(WINDOW, AROUND, strict=True)]
    for path in (default_book, macro_book):
        for sheet in openpyxl.load_workbook(path):
            for frozen, whole in zip(frozen_px(sheet), room, strict=True):
                assert frozen * magnified <= whole / 3, sheet.title


def test_the_names_stay_in_sight(default_book):
    """Each column's name stands in the frozen rows, above its column."""
    book = openpyxl.load_workbook(default_book)
    for rate in LEARNING_RATES:
        sheet = book[sheet_name(rate)]
        frozen = sheet[sheet.freeze_panes].row - 1
        assert [c.value for c in sheet[frozen]][:32] == [c.value for c in sheet[27]][:32]
        assert [c.fill.fgColor.rgb for c in sheet[frozen]][:32] == [c.fill.fgColor.rgb for c in sheet[27]][:32]


def test_the_checker_sees_one_table_a_sheet(default_book, capsys):
    """The names in the frozen rows are no second table."""
    assert main(["check", str(default_book)]) == 0
    out = capsys.readouterr().out
    assert out.count("A27:AF112: right") == 6 and "A2:AF2" not in out


def drawings(path):
    """(part, anchor) of every drawing: charts, groups of shapes, pictures."""
    with zipfile.ZipFile(path) as package:
        for part in package.namelist():
            if re.fullmatch(r"xl/drawings/drawing\d+\.xml", part):
                for anchor in ET.fromstring(package.read(part)):
                    yield part, anchor


def test_nothing_drawn_starts_in_the_frozen_rows(default_book):
    xdr = "{http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing}"
    rows = [int(anchor.findtext(f"{xdr}from/{xdr}row")) for _, anchor in drawings(default_book)]
    assert min(rows) >= 2


def test_charts_and_pictures_shrink_with_their_rows(default_book, macro_book):
    """So that they don't lie over the table when the rows behind them are collapsed."""
    found = [anchor for path in (default_book, macro_book) for _, anchor in drawings(path)]
    two = [anchor for anchor in found if anchor.tag.endswith("twoCellAnchor")]
    assert len(two) == len(found) > 30
    assert {anchor.get("editAs") for anchor in two} == {"twoCell"}
    sheet = openpyxl.load_workbook(default_book)["LR=0.1"]
    grouped = [r for r in range(1, 40) if sheet.row_dimensions[r].outlineLevel]
    assert grouped == list(range(3, 28))


# --- the logarithmic chart ---

NO_ERROR = Network.of((0.05, 0.1), (0.5, 0.5), ((0.15, 0.2), (0.25, 0.3)), ((0.0, 0.0), (0.0, 0.0)))


def test_the_logarithmic_chart_never_plots_a_zero(libreoffice, default_book):
    changes = {"LR=0.1": {"H17": 50}, "Start": {"C7": 0.9}}
    sheets = libreoffice.recalculate(default_book, changes)
    errors = [row[23] for row in sheets["LR=0.1"][27:112]]
    assert 0 in errors
    chart = openpyxl.load_workbook(default_book)["Error_LR Graphs"]._charts[0]
    for rate, series in zip(LEARNING_RATES, chart.series, strict=True):
        _, cells = series.val.numRef.f.split("!")
        left, top, right, bottom = range_boundaries(cells.replace("$", ""))
        plotted = [row[left - 1] for row in sheets["Error_LR Graphs"][top - 1 : bottom]]
        assert left == right and len(plotted) == ITERATIONS
        errors = [row[23] for row in sheets[sheet_name(rate)][27:112]]
        for error, point in zip(errors, plotted, strict=True):
            assert point == error if error else str(point).startswith("error")


@pytest.mark.parametrize("formulas", ["native", "values"])
def test_a_zero_error_is_not_available_to_the_chart(tmp_path, formulas):
    path = tmp_path / "zero.xlsx"
    build(path, NO_ERROR, [0.1], 3, formulas=formulas)
    assert [str(error) for error in OpenXmlValidator().validate(str(path)).errors] == []
    sheet = openpyxl.load_workbook(path, data_only=True)["Error_LR Graphs"]
    column = [cell.value for cell in sheet["B"]]
    assert column[-3:] == ["#N/A"] * 3
    with zipfile.ZipFile(path) as package:
        charts = [package.read(p).decode() for p in package.namelist() if p.startswith("xl/charts/chart")]
    logarithmic = [chart for chart in charts if "logBase" in chart]
    assert len(logarithmic) == 2
    for chart in logarithmic:
        values = re.search(r"<(?:c:)?val>.*?</(?:c:)?val>", chart)[0]
        assert "<v>" not in values.replace("c:v", "v") or "<v>0" not in values.replace("c:v", "v")


# --- sentences ---


def test_nothing_compared_is_no_proof(libreoffice, macro_book):
    """Also who computed the table is asked again whenever the table is: here there is no Python."""
    cells = {"Playground": "C3:J18", "LR=0.5": "H19:H19"}
    shown = libreoffice.displayed(macro_book, cells, {"LR=0.5": {"H17": 0.6}}, as_opened=True)
    playground = shown["Playground"]
    assert playground[0][:2] == ["–", NOTHING_COMPARED]
    assert playground[13] == ["–"] * 8  # row 16: the differences
    assert playground[15][:2] == ["no Python"] * 2  # row 18: the outputs that the next function gets
    assert shown["LR=0.5"] == [["computed by plain formulas (no Python here)"]]
    values = openpyxl.load_workbook(macro_book, data_only=True)["Playground"]
    assert values["D3"].value == "27 of 27 numbers compared"
    formula = openpyxl.load_workbook(macro_book)["LR=0.5"]["H19"].value.text
    assert "$A$28:$AF$28" in formula


OTHER_TARGETS = Network.from_flat((2, 2, 2), (0.05, 0.1), (0.01, 0.99), [w.start for w in DEFAULT.weights])


@pytest.mark.parametrize(
    ("network", "rates", "iterations"),
    [
        (DEFAULT, LEARNING_RATES, ITERATIONS - 1),
        (DEFAULT, [0.1, 0.5], ITERATIONS),
        (OTHER_TARGETS, LEARNING_RATES, ITERATIONS),
    ],
)
def test_the_published_percentages_stand_beside_their_own_exercise_only(tmp_path, network, rates, iterations):
    build(tmp_path / "a.xlsx", network, rates, iterations)
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx", read_only=True)["Start"]
    text = " ".join(str(value) for row in sheet.iter_rows(values_only=True) for value in row if value)
    assert "published" not in text and "13.8 %" not in text


# --- colours ---

DEUTAN = np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]])
"""Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB."""
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.119192, 0.9503041]]
)


def lab(colour: str, eye: np.ndarray) -> np.ndarray:
    """CIE L*a*b* (D65) of a hexadecimal colour as an eye sees it."""
    encoded = np.array([int(colour[k : k + 2], 16) / 255 for k in (0, 2, 4)])
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    xyz = TO_XYZ @ np.clip(eye @ linear, 0, 1) / np.array([0.95047, 1, 1.08883])
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def difference(one: str, other: str, eye: np.ndarray) -> float:
    return float(np.linalg.norm(lab(one, eye) - lab(other, eye)))


def test_the_measure_of_colours():
    assert difference("A9D18E", "F28B82", DEUTAN) == pytest.approx(7.5, abs=0.1)  # as the colours were
    assert difference("FFFFFF", "000000", np.eye(3)) == pytest.approx(100, abs=0.1)


def test_neighbouring_groups_are_told_apart_by_a_deutan_eye():
    """Groups side by side in a table or in the legend, for every group there is."""
    table = ["input", "weight", "hidden", "weight", "output", "error", "gradient"]
    biased = ["weight", "bias", "hidden", "weight", "bias", "output", "error", "delta", "gradient", "state"]
    legend = ["input", "weight", "hidden", "output", "error", "gradient"]
    assert set(table) | set(biased) | {"iteration", "target"} == set(styles.GROUP_COLOURS)
    for groups in (table, biased, legend):
        for one, other in pairwise(groups):
            for eye in (np.eye(3), DEUTAN):
                found = difference(styles.GROUP_COLOURS[one], styles.GROUP_COLOURS[other], eye)
                assert found >= 15, f"{one} beside {other}: {found:.1f}"


def test_columns_of_a_deeper_network_are_wide_enough(libreoffice, tmp_path):
    """Biases, three layers, an optimizer with memory: every group of columns there is."""
    needs_program(screen.CARLITO.is_dir(), "The font Carlito is not installed")
    spec = Spec((2, 3, 2, 2), ("tanh", "relu", "sigmoid"), bias="unit", optimizer="adam")
    network = spec.network([0.05, 0.1], [0.01, 0.99], list(np.linspace(-0.4, 0.6, spec.weight_count)))
    assert {column.group for column in network.columns} == set(styles.GROUP_COLOURS)
    path = tmp_path / "deeper.xlsx"
    build(path, network, [0.1], 12)
    assert check_widths(libreoffice, path) > 800
