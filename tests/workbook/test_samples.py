"""Several samples in the workbook: torch trains the same numbers, LibreOffice and a second engine recalculate them."""

import numpy as np
import pytest
from openpyxl import load_workbook

from tests.workbook.several import (
    CHOSEN,
    ITERATIONS,
    RATES,
    built,
    expected_rows,
    layout_of,
    numbers,
    rows_of,
    some_case,
    spoilt,
)
from tests.xlfuncs.any_network import InTorch
from workbook import build
from workbook.sheets.layout import sheet_name
from workbook.sheets.samples_layout import SAMPLES, SamplesLayout
from xlfuncs.spec import Spec


def same(found, expected, what=""):
    for row, wanted in zip(found, expected, strict=True):
        assert [type(x) is str or x is None for x in row] == [type(x) is str or x is None for x in wanted], (what, row)
        pairs = [(x, y) for x, y in zip(row, wanted, strict=True) if not isinstance(y, str) and y is not None]
        np.testing.assert_allclose(*np.array(pairs, dtype=float).T, rtol=1e-12, atol=1e-15, err_msg=what)
        assert [x for x in row if isinstance(x, str)] == [x for x in wanted if isinstance(x, str)]


def cells_of(path):
    return {
        sheet.title: list(map(list, sheet.iter_rows(values_only=True))) for sheet in load_workbook(path, data_only=True)
    }


def recalculated_as_written(line, count, folder, libreoffice):
    _, network, samples, tables, path = built(line, count, folder)
    layout, written = layout_of(network, samples), cells_of(path)
    sheets = libreoffice.recalculate(spoilt(path, folder))
    for table in tables:
        wanted = expected_rows(layout, table.table)
        same(rows_of(written, layout, table.learning_rate), wanted, f"{line}, as built")
        same(rows_of(sheets, layout, table.learning_rate), wanted, line)
    # Every other cell too: curves, Start, Samples, the derivations, the plotted numbers.
    for name, rows in written.items():
        for r, row in enumerate(rows):
            for c, value in enumerate(row):
                if isinstance(value, float):
                    assert sheets[name][r][c] == pytest.approx(value, rel=1e-12, abs=1e-15), (line, name, r, c)


@pytest.mark.parametrize(("line", "count"), CHOSEN)
def test_libreoffice_finds_the_same_numbers(line, count, tmp_path, libreoffice):
    recalculated_as_written(line, count, tmp_path, libreoffice)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(45))
def test_libreoffice_finds_the_same_numbers_in_any_network(seed, tmp_path, libreoffice):
    recalculated_as_written(*some_case(seed), tmp_path, libreoffice)
