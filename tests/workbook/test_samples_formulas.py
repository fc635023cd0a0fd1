"""Around several samples: whether one is right, what a row of means shares, the curve, the halved error, links."""

import numpy as np
import pytest
from openpyxl import load_workbook
from openpyxl.utils import column_index_from_string

from tests.workbook.copies import spoilt
from tests.workbook.several import RATES, built, layout_of, numbers
from workbook import build
from workbook.sample_data import Samples
from workbook.sheets.layout import sheet_name
from workbook.sheets.samples_layout import SAMPLES, SamplesLayout
from workbook.sheets.start_layout import StartLayout
from xlfuncs.spec import Spec


@pytest.mark.parametrize("line", ["2-3 softmax cross-entropy", "2-3 batch=2"])
def test_right_is_the_largest_of_several_outputs(line, tmp_path, libreoffice):
    """As built, and with every sample moved to the class that it is taken for, or to another one."""
    classes, spec, path = [0, 1, 2, 0, 1, 2], Spec.parse(line), tmp_path / "classes.xlsx"
    given, weights = numbers(spec, len(classes))
    one_hot = np.eye(3)
    samples = Samples(given.inputs, tuple(tuple(one_hot[right].tolist()) for right in classes), spec.batch)
    network = spec.network(samples.inputs[0], samples.targets[0], weights)
    build.build(path, network, [0.001], 3, samples=samples)  # hardly learns: each output stays the largest
    where = SamplesLayout(network, len(classes))
    _, *outputs, mark = (column_index_from_string(letter) - 1 for letter in where.outputs(0))

    def checked(sheets, classes):
        """The class that each sample is taken for; the marks and their count on Start are those of its outputs."""
        rows = [sheets[SAMPLES][row - 1] for row in range(where.first_row, where.last_row + 1)]
        taken = [int(np.argmax([row[column] for column in outputs])) for row in rows]
        right = [k == wanted for k, wanted in zip(taken, classes, strict=True)]
        assert [row[mark] for row in rows] == ["yes" if is_right else "no" for is_right in right]
        assert any(f"{sum(right)} of 6" in row for row in sheets["Start"])
        return taken, set(right)

    written = {s.title: list(map(list, s.iter_rows(values_only=True))) for s in load_workbook(path, data_only=True)}
    taken, seen = checked(written, classes)
    assert seen == {True, False} and len(set(taken)) == 3
    for moved, expected in ((0, {True}), (1, {False}), (2, {False})):
        wanted = [(k + moved) % 3 for k in taken]
        targets = {
            f"{where.column(name)}{where.first_row + k}": one_hot[right, column]
            for k, right in enumerate(wanted)
            for column, name in enumerate(network.target_names)
        }
        assert checked(libreoffice.recalculate(spoilt(path, tmp_path), {SAMPLES: targets}), wanted)[1] == expected


def test_a_row_of_means_has_the_very_numbers_that_its_block_shares(tmp_path):
    """As its formula says, the cell above: the mean of three equal numbers isn't always that number."""
    _, network, samples, tables, path = built("2-2-1 bias=unit batch=3 adam", 4, tmp_path)
    layout, names = layout_of(network, samples), [*network.learned, "iteration"]
    names += [column.name for column in network.columns if column.group == "state"]
    shared = [network.column_names.index(name) for name in names]
    second = np.array([table.table[3, shared] for table in tables])
    assert not np.array_equal((second + second + second) / 3, second)
    book = load_workbook(path, data_only=True)
    for table in tables:
        sheet = book[sheet_name(table.learning_rate)]
        for k in range(layout.iterations):
            rows = layout.row_of(k + 1), layout.result_row(k + 1)
            block, mean = ([sheet[layout.cell(name, row)].value for name in names] for row in rows)
            assert mean == block == table.table[k * 3, shared].tolist()


@pytest.mark.parametrize(("line", "count"), [("1-1 batch=1", 3), ("1-1 batch=2", 5)])
def test_the_curve_is_the_average_of_the_last_turn(line, count, tmp_path):
    """Of the iterations so far until each sample was seen: nothing above the first row is looked at."""
    _, network, samples, _, path = built(line, count, tmp_path)
    layout, sheet = layout_of(network, samples), load_workbook(path)[sheet_name(RATES[0])]
    assert layout.blocks.turn == 3
    _, each, mean = layout.curve_columns
    first = layout.first_row
    found = [sheet[f"{mean}{first + k}"].value for k in range(5)]
    starts = [first, first, first, first + 1, first + 2]
    assert found == [f"=AVERAGE({each}{start}:{each}{first + k})" for k, start in enumerate(starts)]
    assert layout.curve_cell(5) == f"{mean}{first + 4}"


def test_an_error_is_halved_from_that_of_the_first_turn(tmp_path, libreoffice):
    """Online the error of the first sample alone is no base: here it is far above that of both."""
    spec, samples = Spec.parse("1-1 identity batch=1"), Samples(((2.0,), (1.0,)), ((6.0,), (3.0,)), 1)
    network, path = spec.network(samples.inputs[0], samples.targets[0], [0.0]), tmp_path / "halved.xlsx"
    rates = [0.02, 0.05]
    tables = build.compute(network, rates, 20, samples)
    build.save(path, network, tables, samples=samples)
    expected = []
    for table in tables:
        errors = table.table[:, network.column_names.index("E_total")]
        curve = [errors[0], *((errors[1:] + errors[:-1]) / 2)]
        expected.append(next(k for k, error in enumerate(curve, start=1) if error <= curve[1] / 2))
        assert expected[-1] not in (1, next(k for k, error in enumerate(curve, start=1) if error <= curve[0] / 2))
    head = "Error halved at iteration"
    written = [list(row) for row in load_workbook(path, data_only=True)["Start"].iter_rows(values_only=True)]
    for rows in (written, libreoffice.recalculate(spoilt(path, tmp_path))["Start"]):
        top, column = next((r, row.index(head)) for r, row in enumerate(rows) if head in row)
        assert [rows[top + 1 + k][column] for k in range(len(rates))] == expected


def test_an_easy_first_sample_is_no_halved_error(tmp_path, libreoffice):
    """Its own error is far below half of that of both, before anything was learned."""
    spec, samples = Spec.parse("1-1 identity batch=1"), Samples(((0.1,), (2.0,)), ((0.3,), (6.0,)), 1)
    network, path = spec.network(samples.inputs[0], samples.targets[0], [0.0]), tmp_path / "easy.xlsx"
    (table,) = tables = build.compute(network, [0.02], 20, samples)
    build.save(path, network, tables, samples=samples)
    errors = table.table[:, network.column_names.index("E_total")]
    means = (errors[1:] + errors[:-1]) / 2
    wanted = int(np.flatnonzero(means <= means[0] / 2)[0]) + 2
    assert errors[0] < means[0] / 2 and wanted > 2
    head = "Error halved at iteration"
    written = [list(row) for row in load_workbook(path, data_only=True)["Start"].iter_rows(values_only=True)]
    for rows in (written, libreoffice.recalculate(spoilt(path, tmp_path))["Start"]):
        top, column = next((r, row.index(head)) for r, row in enumerate(rows) if head in row)
        assert rows[top + 1][column] == wanted


@pytest.mark.parametrize(("line", "count"), [("2-3-2 bias=unit", 4), ("12-2 batch=2", 3)])
def test_a_sheet_leads_to_its_yellow_cells(line, count, tmp_path):
    """A long list of inputs pushes the links down with the learning rate."""
    _, network, samples, _, path = built(line, count, tmp_path)
    book, start = load_workbook(path), StartLayout(network)
    sheet = book[sheet_name(RATES[0])]
    links = {cell.value: cell.hyperlink.location for row in sheet["H1:H40"] for cell in row if cell.hyperlink}
    assert links == {
        "Inputs, targets: Samples": "'Samples'!C6",
        "Weights: Start": f"'Start'!{start.of('w1')}",
        "All learning rates: charts": "'Error_LR Graphs'!A1",
    }
    yellow = {name: book[name][cell].value for name, cell in ((SAMPLES, "C6"), ("Start", start.of("w1")))}
    assert yellow == {SAMPLES: samples.inputs[0][0], "Start": network.weights[0].start}
