"""LibreOffice opens the workbooks and recalculates them: an independent calculator for every cell of every sheet."""

import re
import shutil

import numpy as np
import openpyxl
import pytest

from tests.workbook.copies import spoilt
from workbook.build import build
from workbook.sheets.layout import Layout, sheet_name
from xlfuncs import maths
from xlfuncs.network import DEFAULT, ITERATIONS, LEARNING_RATES, Network


def table_of(values, layout):
    """The table's part of a sheet that LibreOffice recalculated."""
    rows = values[layout.first_row - 1 : layout.last_row]
    return np.array([row[: len(layout.network.columns)] for row in rows], dtype=float)


def assert_agrees(ours, theirs):
    np.testing.assert_allclose(theirs, ours, rtol=1e-12, atol=1e-300)


def test_all_cells_of_the_default_workbook(libreoffice, default_book):
    layout = Layout(DEFAULT, ITERATIONS)
    sheets = libreoffice.recalculate(default_book)
    assert list(sheets) == ["Start", *map(sheet_name, LEARNING_RATES), "Error_LR Graphs"]
    compared = 0
    for rate in LEARNING_RATES:
        found = table_of(sheets[sheet_name(rate)], layout)
        assert_agrees(maths.table(DEFAULT, rate, ITERATIONS), found)
        compared += found.size
    assert compared == 6 * 85 * 32


def test_every_cached_value_is_what_libreoffice_computes(libreoffice, default_book):
    """Start, the derivation boxes, the headings: not only the tables."""
    sheets = libreoffice.recalculate(default_book)
    values = openpyxl.load_workbook(default_book, data_only=True)
    formulas = openpyxl.load_workbook(default_book)
    count = 0
    for sheet in (formulas[name] for name in sheets):
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    cached = values[sheet.title][cell.coordinate].value
                    computed = sheets[sheet.title][cell.row - 1][cell.column - 1]
                    if isinstance(cached, str):
                        assert computed == cached, f"{sheet.title}!{cell.coordinate}"
                    else:
                        assert computed == pytest.approx(cached, rel=1e-12), f"{sheet.title}!{cell.coordinate}"
                    count += 1
    assert count > 6 * 85 * 31


def test_the_calculator_is_independent_of_the_cached_values(libreoffice, default_book, tmp_path):
    """With every cached value replaced by 777, LibreOffice still finds the right ones."""
    sheets = libreoffice.recalculate(spoilt(default_book, tmp_path))
    found = table_of(sheets[sheet_name(0.1)], Layout(DEFAULT, ITERATIONS))
    assert_agrees(maths.table(DEFAULT, 0.1, ITERATIONS), found)


@pytest.mark.parametrize("sizes", [(3, 4, 2), (1, 1, 1), (2, 3, 1), (1, 2, 4), (5, 6, 3)])
def test_other_sizes(libreoffice, tmp_path, sizes):
    network = Network.of_sizes(sizes)
    path = tmp_path / "sizes.xlsx"
    build(path, network, [0.3, 1.5], 40)
    sheets = libreoffice.recalculate(path)
    for rate in (0.3, 1.5):
        found = table_of(sheets[sheet_name(rate)], Layout(network, 40))
        assert_agrees(maths.table(network, rate, 40), found)


def test_random_networks(libreoffice, tmp_path):
    random = np.random.default_rng(7)
    for k in range(6):
        sizes = tuple(random.integers(1, 5, 3).tolist())
        weights = random.normal(0, 2, sizes[1] * (sizes[0] + sizes[2]))
        network = Network.from_flat(sizes, random.normal(0, 2, sizes[0]), random.random(sizes[2]), weights)
        path = tmp_path / f"{k}.xlsx"
        build(path, network, [0.7], 25)
        found = table_of(libreoffice.recalculate(path)[sheet_name(0.7)], Layout(network, 25))
        ours = maths.table(network, 0.7, 25)
        assert_agrees(ours, found)


def test_extreme_inputs_do_not_overflow(libreoffice, tmp_path):
    """Excel's and LibreOffice's EXP fail above 709; the sigmoid's formula then is written differently."""
    network = Network.of((1000.0, 2000.0), (0.3, 0.6), ((-1.0, -0.5), (0.2, 0.1)), ((0.4, 0.45), (0.5, 0.55)))
    path = tmp_path / "extreme.xlsx"
    build(path, network, [0.5], 10)
    found = table_of(libreoffice.recalculate(path)[sheet_name(0.5)], Layout(network, 10))
    np.testing.assert_allclose(found, maths.table(network, 0.5, 10), rtol=1e-12, atol=1e-300)


def test_changing_the_cells_to_change_recalculates_everything(libreoffice, default_book):
    layout = Layout(DEFAULT, ITERATIONS)
    changes = {
        "Start": {"C7": 0.3, "D7": -0.7, "C8": 0.01, "D8": 0.99, "C9": -0.4, "D12": 0.9},
        "LR=0.5": {"H17": 3.0},
    }
    sheets = libreoffice.recalculate(default_book, changes)
    weights = [-0.4, 0.2, 0.25, 0.3, 0.4, 0.45, 0.5, 0.9]
    changed = Network.from_flat((2, 2, 2), (0.3, -0.7), (0.01, 0.99), weights)
    for rate in LEARNING_RATES:
        expected = maths.table(changed, 3.0 if rate == 0.5 else rate, ITERATIONS)
        assert_agrees(expected, table_of(sheets[sheet_name(rate)], layout))
    e_total = changed.column_names.index("E_total")
    start = sheets["Start"]
    row = next(k for k, cells in enumerate(start) if cells[1] == "LR=0.5")
    assert start[row][2] == 3.0
    assert start[row][4] == pytest.approx(maths.table(changed, 3.0, 85)[-1, e_total], rel=1e-12)
    assert sheets["Error_LR Graphs"][2][3] == "ɳ = 3"
    assert sheets["LR=0.5"][0][0] == "Training at learning rate ɳ = 3"


def test_changing_a_sheets_own_row_changes_that_sheet(libreoffice, default_book):
    sheets = libreoffice.recalculate(default_book, {"LR=1.0": {"D28": 0.9}})
    changed = Network.from_flat((2, 2, 2), (0.9, 0.1), (0.5, 0.5), [w.start for w in DEFAULT.weights])
    assert_agrees(maths.table(changed, 1.0, 85), table_of(sheets["LR=1.0"], Layout(DEFAULT, ITERATIONS)))


def test_libreoffice_shows_the_charts(libreoffice, default_book):
    charts = libreoffice.charts(default_book)
    assert charts["Error_LR Graphs"] == 7
    assert charts["Start"] == 1
    assert all(charts[sheet_name(rate)] == 1 for rate in LEARNING_RATES)


def test_values_only(libreoffice, tmp_path):
    path = tmp_path / "values.xlsx"
    build(path, DEFAULT, [0.1], 20, formulas="values")
    book = openpyxl.load_workbook(path)
    assert not [c for sheet in book for row in sheet.iter_rows() for c in row if c.data_type == "f"]
    found = table_of(libreoffice.recalculate(path)[sheet_name(0.1)], Layout(DEFAULT, 20))
    np.testing.assert_array_equal(found, maths.table(DEFAULT, 0.1, 20))


def test_pdf(default_book, tmp_path):
    """The workbook prints: the header row comes back on each page of a sheet."""
    import subprocess

    from tests.conftest import needs_program

    needs_program(
        bool(shutil.which("soffice") and shutil.which("pdftotext")), "soffice and pdftotext are not installed"
    )
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    command = ["soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path), str(default_book)]
    subprocess.run(command, check=True, capture_output=True, timeout=180)
    text = subprocess.run(
        ["pdftotext", "-layout", str(tmp_path / "default.pdf"), "-"], capture_output=True, text=True, check=True
    ).stdout
    pages = text.split("\f")
    with_table = [page for page in pages if re.search(r"\b85\b", page) and "gradsheet · LR=" in page]
    assert len(with_table) >= 6
    assert all("E_total" in page and "a_h1" in page for page in with_table)
