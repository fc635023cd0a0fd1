"""Workbooks of any network: LibreOffice recalculates every cell of every table, derivation and settings block."""

import random
import re
import shutil
import subprocess
from math import ceil

import numpy as np
import pytest
from openpyxl import load_workbook

from tests.conftest import needs_program
from tests.workbook.copies import without_values
from tests.workbook.test_screen import check_widths
from workbook import build
from workbook.sheets import functions
from workbook.sheets.layout import Layout, sheet_name
from workbook.sheets.start_layout import StartLayout
from xlfuncs.activations import ACTIVATIONS, LOSSES
from xlfuncs.optimizers import OPTIMIZERS
from xlfuncs.spec import BIASES, Spec

ITERATIONS, RATES = 6, [0.02, 0.1]
CHOSEN = [
    "2-2-2 tanh",
    "2-2-2 bias=layer fixed-bias",
    "2-3-2 tanh softmax cross-entropy bias=unit adam",
    "2-1 binary-cross-entropy bias=unit momentum decay=0.01",
    "3-2-3-2 relu leaky-relu identity mean-squared bias=layer rmsprop",
    "1-2-2-2-1 tanh squared bias=unit nesterov",
]


def some_network(seed):
    """A network of any kind, by a seed."""
    chance = random.Random(seed)
    layers = chance.randint(1, 4)
    loss = chance.choice(sorted(LOSSES))
    output = chance.choice(["sigmoid", "softmax"] if "cross" in loss else sorted(ACTIVATIONS))
    sizes = [chance.randint(1, 3) for _ in range(layers)] + [chance.randint(2, 3)]
    hidden = [chance.choice(sorted(set(ACTIVATIONS) - {"softmax"})) for _ in range(layers - 1)]
    # One bias for all outputs of a softmax changes nothing: its gradient is rounding only, which LibreOffice takes for 0.
    bias = chance.choice([bias for bias in BIASES if (bias, output) != ("layer", "softmax")])
    fixed = bias != "none" and chance.random() < 0.3
    return str(Spec(tuple(sizes), (*hidden, output), loss, bias, fixed, chance.choice(sorted(OPTIMIZERS))))


def numbers(spec, seed=0):
    chance = random.Random(seed)
    inputs = [round(chance.uniform(-1, 1), 2) for _ in range(spec.sizes[0])]
    targets = [round(chance.uniform(0.05, 0.95), 2) for _ in range(spec.sizes[-1])]
    return inputs, targets, [round(chance.uniform(-1, 1), 3) for _ in range(spec.weight_count)]


def built(text, folder):
    spec = Spec.parse(text)
    network = spec.network(*numbers(spec))
    tables = build.compute(network, RATES, ITERATIONS)
    path = folder / "any.xlsx"
    build.save(path, network, tables)
    return network, tables, path


def recalculated_as_written(text, folder, libreoffice):
    network, tables, path = built(text, folder)
    layout = Layout(network, ITERATIONS)
    sheets = libreoffice.recalculate(path)
    for table in tables:
        rows = sheets[sheet_name(table.learning_rate)]
        found = np.array(rows[layout.header_row : layout.last_row], dtype=object)[:, : len(network.columns)]
        assert not [x for x in found.ravel() if isinstance(x, str)], text
        np.testing.assert_allclose(found.astype(float), table.table, rtol=1e-12, atol=1e-15)
        for box in layout.boxes:
            shown = rows[box.bottom - box.lines[-1][1]][box.column + 2]
            first = table.table[0][network.column_names.index(f"grad_{box.learned}")]
            assert shown == pytest.approx(first, rel=1e-12, abs=1e-15)
    errors = [
        x
        for name, rows in sheets.items()
        if name != functions.SHEET  # LAMBDA is unknown to LibreOffice
        for row in rows
        for x in row
        if isinstance(x, str) and x.startswith("error")
    ]
    assert not errors


@pytest.mark.parametrize("text", CHOSEN)
def test_libreoffice_finds_the_same_numbers(text, tmp_path, libreoffice):
    recalculated_as_written(text, tmp_path, libreoffice)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(60))
def test_libreoffice_finds_the_same_numbers_in_any_network(seed, tmp_path, libreoffice):
    recalculated_as_written(some_network(seed), tmp_path, libreoffice)


def test_a_bias_is_changed_on_start(tmp_path, libreoffice):
    text = "2-3-2 tanh softmax cross-entropy bias=unit adam"
    network, _, path = built(text, tmp_path)
    start = StartLayout(network)
    sheets = libreoffice.recalculate(path, {"Start": {start.of("b2"): 0.75, start.of("i1"): -0.5}})
    spec = Spec.parse(text)
    inputs, targets, weights = numbers(spec)
    weights[spec.counts[0][0] + 1], inputs[0] = 0.75, -0.5
    changed = build.compute(spec.network(inputs, targets, weights), RATES, ITERATIONS)
    layout = Layout(network, ITERATIONS)
    for table in changed:
        rows = sheets[sheet_name(table.learning_rate)][layout.header_row : layout.last_row]
        np.testing.assert_allclose([row[: len(network.columns)] for row in rows], table.table, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("text", [*CHOSEN, *map(some_network, range(6))])
def test_a_second_engine_finds_the_same_numbers(text, tmp_path):
    formualizer = pytest.importorskip("formualizer", reason="formualizer is not installed")
    network, tables, path = built(text, tmp_path)
    layout = Layout(network, ITERATIONS)
    book = formualizer.load_workbook(str(without_values(path, tmp_path)))
    book.evaluate_all()
    for table in tables:
        sheet = sheet_name(table.learning_rate)
        rows = range(layout.first_row, layout.last_row + 1)
        columns = range(1, len(network.columns) + 1)
        found = [[book.get_value(sheet, row, column) for column in columns] for row in rows]
        np.testing.assert_allclose(np.array(found, dtype=float), table.table, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2-2-2", "Each weight is the one above it minus ɳ times its gradient above it: w1 − ɳ·∂E/∂w1."),
        ("2-2-2 decay=0.01", "0.01·w1 is added to the gradient first (weight decay)."),
        (
            "2-2-2 adam",
            "Each weight is the one above it minus the step of adam, whose memory stands in the last columns.",
        ),
    ],
)
def test_start_says_how_weights_learn(text, said, tmp_path):
    _, _, path = built(text, tmp_path)
    cells = [str(cell) for row in load_workbook(path)["Start"].iter_rows(values_only=True) for cell in row]
    assert any(said in cell for cell in cells)
    assert (" adam" in text) == any("memory" in cell for cell in cells)


def test_boxes_or_a_panel():
    """Up to 20 weights and biases each has a box; with more of them a yellow cell names one."""
    small, large = (Spec.parse(text) for text in ("2-2-2", "4-5-6-3 tanh bias=unit"))
    boxes = Layout(small.network(*numbers(small)), 5)
    assert [box.learned for box in boxes.boxes] == [f"w{k}" for k in range(1, 9)] and boxes.panel is None
    panel = Layout(large.network(*numbers(large)), ITERATIONS)
    assert not panel.boxes and panel.panel.choice == "M3"


# --- every combination: looked at by machine, cell by cell and page by page ---


def combinations():
    """Networks in which every activation, loss, kind of bias, optimizer and depth comes with many others."""
    hidden = ["sigmoid", "tanh", "relu", "leaky-relu", "identity"]
    losses, optimizers = sorted(LOSSES), sorted(OPTIMIZERS)
    sizes = ["2-2-2", "2-3-3-2", "3-4-1", "1-1-1", "2-3-2-2-2", "2-5-4", "1-2-2-2-2-2", "3-2"]
    biases = ["", " bias=unit", " bias=layer fixed-bias", " bias=unit fixed-bias", " bias=layer"]
    for k in range(48):
        units, loss = sizes[k % 8], losses[k % 5]
        outputs = ["sigmoid"] if "cross" in loss else [*hidden, "softmax"]
        outputs += ["softmax"] if loss == "cross-entropy" and not units.endswith("-1") else []
        output = outputs[k // 5 % len(outputs)]
        output = "sigmoid" if output == "softmax" and units.endswith("-1") else output
        bias = biases[k // 8 % 5]
        # One bias for all outputs of a softmax changes nothing: its gradient is rounding only.
        bias = " bias=unit" if output == "softmax" and bias == " bias=layer" else bias
        activations = [output] if units.count("-") == 1 else [hidden[k // 3 % 5], output]
        decay = " decay=0.01" if k % 7 == 3 else ""
        yield f"{units} {' '.join(activations)} {loss}{bias} {optimizers[k // 2 % 5]}{decay}"


def formula_cells(path):
    """(sheet, row, column, cached value) of every formula outside of the tables that the maths already compares."""
    values, formulas = load_workbook(path, data_only=True), load_workbook(path)
    for sheet in formulas:
        for cell in (cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f"):
            yield sheet.title, cell.row, cell.column, values[sheet.title][cell.coordinate].value


def pages(pdf):
    """The text of each page."""
    found = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], capture_output=True, text=True, check=True).stdout
    return found.split("\f")[:-1]


@pytest.mark.slow
@pytest.mark.parametrize("text", [*combinations(), "8-16-4", "2-6-8 tanh softmax cross-entropy bias=unit"])
def test_every_combination_calculates_fits_and_prints(text, tmp_path, libreoffice):
    needs_program(bool(shutil.which("pdftotext")), "pdftotext is not installed")
    recalculated_as_written(text, tmp_path, libreoffice)
    path, network = tmp_path / "any.xlsx", Spec.parse(text).network(*numbers(Spec.parse(text)))
    sheets = libreoffice.recalculate(path)
    for sheet, row, column, cached in formula_cells(path):
        computed = sheets[sheet][row - 1][column - 1]
        is_text = cached is None or isinstance(cached, str)
        same = (cached or "") if is_text else pytest.approx(cached, rel=1e-12, abs=1e-15)
        assert computed == same, f"{text}: {sheet} row {row} column {column}"
    assert check_widths(libreoffice, path) > 100
    libreoffice.print(path, tmp_path / "any.pdf")
    printed = pages(tmp_path / "any.pdf")
    across = ceil(Layout(network, ITERATIONS).chart_column / 36) + ceil(len(network.columns) / 36)
    assert len(printed) <= 2 + len(RATES) * across + 1
    whole = "\n".join(printed)
    for label in [column.label for column in network.columns]:
        assert re.search(rf"(?<!\S){re.escape(label)}(?!\S)", whole), f"{text}: {label} isn't printed"
    assert all(page.strip() for page in printed)
