"""Several samples in the workbook: torch trains the same numbers, LibreOffice and a second engine recalculate them."""

import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from openpyxl import load_workbook
from openxml_audit import OpenXmlValidator

from tests.workbook.copies import spoilt, without_values
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
)
from tests.xlfuncs.any_network import InTorch
from workbook import build
from workbook.cli import main
from workbook.sample_data import Samples
from workbook.sheets import notes
from workbook.sheets.blocks import Blocks
from workbook.sheets.layout import Layout, sheet_name
from workbook.sheets.rate_table import RateTable
from workbook.sheets.samples_layout import SAMPLES, SamplesLayout
from xlfuncs.errors import GradsheetError
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


def recalculated_as_written(cases, folder, libreoffice):
    """All of a case's cells, their cached values spoilt before: one call, which is ten times faster than many."""
    books = []
    for k, case in enumerate(cases):
        place = folder / str(k)
        place.mkdir()
        books.append((case, *built(*case, place)))
    answers = libreoffice.recalculate_all([spoilt(path, path.parent) for *_, path in books])
    for (case, _, network, samples, tables, path), sheets in zip(books, answers, strict=True):
        layout, written = layout_of(network, samples), cells_of(path)
        for table in tables:
            wanted = expected_rows(layout, table.table)
            same(rows_of(written, layout, table.learning_rate), wanted, f"{case}, as built")
            same(rows_of(sheets, layout, table.learning_rate), wanted, case)
        texts = [[value for value in row if isinstance(value, str)] for row in written["Start"]]
        shown = [[value for value in row if value and isinstance(value, str)] for row in sheets["Start"]]
        assert shown[: len(texts)] == texts, case  # the notes, too
        # Every other cell too: curves, Start, Samples, the derivations, the plotted numbers.
        for name in sheets:
            for r, row in enumerate(written[name]):
                for c, value in enumerate(row):
                    if value not in (None, ""):
                        is_text = isinstance(value, str)
                        same_value = value if is_text else pytest.approx(value, rel=1e-12, abs=1e-15)
                        assert sheets[name][r][c] == same_value, (case, name, r, c)


def test_libreoffice_finds_the_same_numbers(tmp_path, libreoffice):
    recalculated_as_written([*CHOSEN, *map(some_case, range(4))], tmp_path, libreoffice)


@pytest.mark.slow
@pytest.mark.parametrize("start", range(0, 60, 15))
def test_libreoffice_finds_the_same_numbers_in_any_network(start, tmp_path, libreoffice):
    recalculated_as_written(map(some_case, range(start, start + 15)), tmp_path, libreoffice)


def in_torch(spec, samples, weights, rate):
    """E_total of each sample, and the weights and mean gradients of each iteration, trained by torch.optim."""
    network = InTorch(spec, weights)
    optimizer = network.optimizer(rate)
    batch, count = samples.blocks.batch, len(samples.inputs)
    errors, learned, gradients = [], [], []
    for iteration in range(ITERATIONS):
        which = [(iteration * batch + k) % count for k in range(batch)]
        loss = network.loss([samples.inputs[k] for k in which], [samples.targets[k] for k in which])
        learned.append(network.torch.cat([p.detach().ravel() for p in network.learned]).tolist())
        errors.append(loss.tolist())
        optimizer.zero_grad()
        loss.mean().backward()
        gradients.append(network.torch.cat([p.grad.ravel() for p in network.learned]).tolist())
        optimizer.step()
    return errors, learned, gradients


@pytest.mark.parametrize(("line", "count"), [*CHOSEN, *map(some_case, range(4))])
def test_torch_trains_what_the_cells_show(line, count, tmp_path):
    spec, network, samples, _, path = built(line, count, tmp_path)
    layout, cells = layout_of(network, samples), cells_of(path)
    names = [column.name for column in layout.columns]
    for rate in RATES:
        rows = rows_of(cells, layout, rate)
        errors, learned, gradients = in_torch(spec, samples, numbers(spec, count)[1], rate)
        batch, height = layout.blocks.batch, layout.blocks.height
        for k in range(ITERATIONS):
            block, result = rows[k * height : k * height + batch], rows[(k + 1) * height - 1]
            assert [row[names.index("E_total")] for row in block] == pytest.approx(errors[k], rel=1e-10, abs=1e-13)
            assert result[names.index("E_total")] == pytest.approx(np.mean(errors[k]), rel=1e-10, abs=1e-13)
            for row in (*block, result):
                found = [row[names.index(name)] for name in network.learned]
                assert found == pytest.approx(learned[k], rel=1e-10, abs=1e-12)
            found = [result[names.index(f"grad_{name}")] for name in network.learned]
            assert found == pytest.approx(gradients[k], rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("line", "count"), [*CHOSEN, *map(some_case, range(2))])
def test_a_second_engine_finds_the_same_numbers(line, count, tmp_path):
    formualizer = pytest.importorskip("formualizer", reason="formualizer is not installed")
    _, network, samples, tables, path = built(line, count, tmp_path)
    layout = layout_of(network, samples)
    book = formualizer.load_workbook(str(without_values(path, tmp_path)))
    book.evaluate_all()
    for table in tables:
        sheet, columns = sheet_name(table.learning_rate), range(1, len(layout.columns) + 1)
        rows = range(layout.first_row, layout.last_row + 1)
        found = [[book.get_value(sheet, row, column) for column in columns] for row in rows]
        same(found, expected_rows(layout, table.table), line)


@pytest.mark.parametrize(("line", "count"), [CHOSEN[0], CHOSEN[4], CHOSEN[6]])
def test_a_changed_sample_is_followed(line, count, tmp_path, libreoffice):
    _, network, samples, _, path = built(line, count, tmp_path)
    where = SamplesLayout(network, count)
    changes = {f"{where.column('i1')}{where.first_row}": -0.75, f"{where.column('t1')}{where.last_row}": 0.875}
    sheets = libreoffice.recalculate(path, {SAMPLES: changes})
    inputs, targets = (list(map(list, rows)) for rows in (samples.inputs, samples.targets))
    inputs[0][0], targets[-1][0] = -0.75, 0.875
    changed = Samples(tuple(map(tuple, inputs)), tuple(map(tuple, targets)), samples.batch)
    layout = layout_of(network, samples)
    for table in build.compute(network, RATES, ITERATIONS, changed):
        same(rows_of(sheets, layout, table.learning_rate), expected_rows(layout, table.table), line)
        curve = sheets[sheet_name(table.learning_rate)][layout.header_row : layout.header_row + ITERATIONS]
        found = [row[layout.last_column - 1] for row in curve]
        assert found == pytest.approx(table.e_total(network).tolist(), rel=1e-12)


def test_the_next_block_follows_from_the_row_of_means(tmp_path):
    """A student reads the same update as in the exercise: the row above minus ɳ times the gradient above."""
    _, network, samples, _, path = built("2-2-1 bias=unit", 4, tmp_path)
    layout, sheet = layout_of(network, samples), load_workbook(path)[sheet_name(RATES[0])]
    first, mean, after = layout.row_of(1), layout.result_row(1), layout.row_of(2)
    assert (first, mean, after) == (28, 32, 33)
    w1, g1 = layout.column_of["w1"], layout.column_of["grad_w1"]
    assert sheet[f"{w1}{after}"].value == f"={w1}{mean}-$H$17*{g1}{mean}"
    assert sheet[f"{g1}{mean}"].value == f"=AVERAGE({g1}{first}:{g1}{mean - 1})"
    assert [sheet[f"{w1}{row}"].value for row in (first, first + 1, mean)] == ["=Start!$C$9", f"={w1}28", f"={w1}31"]
    assert [sheet[f"B{row}"].value for row in range(29, 34)] == [
        "=MOD(B28,4)+1", "=MOD(B29,4)+1", "=MOD(B30,4)+1", "mean", "=MOD(B31,4)+1",
    ]  # fmt: skip
    assert sheet[f"D{after}"].value == "=INDEX('Samples'!$C$6:$C$9,$B33)"
    blank = [c.name for c in layout.columns if sheet[f"{layout.column_of[c.name]}{mean}"].value is None]
    assert blank == ["t1", "i1", "i2", "h1", "a_h1", "h2", "a_h2", "o1", "a_o1"]


def test_what_libreoffice_shows_of_a_block(tmp_path, libreoffice):
    _, network, samples, _, path = built("1-1 identity", 2, tmp_path)
    layout = layout_of(network, samples)
    last = layout.columns[-1].name
    cells = f"A{layout.header_row}:{layout.cell(last, layout.row_of(2))}"
    shown = libreoffice.displayed(path, {"LR=0.1": cells})["LR=0.1"]
    assert shown[0][:5] == ["Iteration", "Sample", "t1", "i1", "w1"]
    assert [row[:2] for row in shown[1:]] == [["1", "1"], ["1", "2"], ["1", "mean"], ["2", "1"]]
    assert shown[3][2:4] == ["", ""] and shown[3][4] == shown[1][4] != shown[4][4]


def test_the_curve_is_the_mean_over_all_samples():
    """Online each point is the mean of the last turn; in batch it is the block's own."""
    errors = np.array([4.0, 0.0, 2.0, 6.0, 8.0, 2.0])
    assert Blocks(3, 1).curve(errors).tolist() == [4.0, 2.0, 2.0, 8 / 3, 16 / 3, 16 / 3]
    assert Blocks(3, 3).curve(errors).tolist() == [2.0, 16 / 3]
    assert Blocks(4, 2).curve(errors).tolist() == [2.0, 3.0, 4.5]
    assert Blocks().curve(errors).tolist() == errors.tolist()
    assert str(Blocks(4, 4)) == "4 samples, all of them in each iteration"
    assert str(Blocks(4, 1)) == "4 samples, one in turn in each iteration"


def test_a_unit_sleeps_when_no_sample_wakes_it():
    """Online a ReLU that is 0 for the last sample only is no dead one; in batch one awake sample is enough."""
    network = Spec.parse("1-1-1 relu sigmoid").network([1.0], [1.0], [1.0, 1.0])
    a_h1 = network.column_names.index("a_h1")
    (unit,) = [unit for unit in notes.watched(network) if unit.unit == "h1"]

    def since(blocks, *activations):
        table = np.zeros((len(activations), len(network.columns)))
        table[:, a_h1] = activations
        return notes.since(network, RateTable(0.1, table, blocks), unit)

    assert since(Blocks(), 1, 1, 0, 0) == 3
    assert since(Blocks(2, 1), 1, 0, 1, 0) == 0 and since(Blocks(2, 1), 1, 1, 1, 0, 0) == 4
    assert since(Blocks(2, 2), 1, 0, 0, 1) == 0 and since(Blocks(2, 2), 1, 1, 0, 0, 0, 0) == 2


@pytest.mark.parametrize("batch", ["all", "1"])
def test_notes_follow_the_samples(batch, tmp_path, libreoffice):
    """A dead ReLU is told of on Start, and no more once a sample wakes it."""
    data, path = tmp_path / "data.csv", tmp_path / "relu.xlsx"
    data.write_text("1,0.5\n2,0.5\n")
    told = ["--network", "1-2-1 relu sigmoid", "--weights", "-1,1,1,1", "--lr", "0.1", "--iterations", "6"]
    assert main(["build", str(path), "--samples", str(data), "--batch", batch, *told]) == 0
    said = "h1 has been 0 since iteration 1. A dead ReLU"

    def start(changes):
        return " ".join(str(c) for row in libreoffice.recalculate(path, changes)["Start"] for c in row)

    assert any(said in str(c.value) for row in load_workbook(path, data_only=True)["Start"] for c in row)
    assert said in start({}) and said not in start({SAMPLES: {"C7": -2.0}})


@pytest.mark.parametrize("batch", ["all", "1", "3"])
def test_charts_and_start_show_the_curve(batch, tmp_path):
    path = tmp_path / "xor.xlsx"
    data = tmp_path / "xor.csv"
    data.write_text("i1,i2,t1\n0,0,0\n0,1,1\n1,0,1\n1,1,0\n")
    assert main(["build", str(path), "--samples", str(data), "--batch", batch, "--lr", "0.5", "--iterations", "9"]) == 0
    book, values = load_workbook(path), load_workbook(path, data_only=True)
    blocks = Blocks(4, {"all": 4}.get(batch) or int(batch))
    network = Spec.parse("2-2-1").network([0, 0], [0], [0.15, 0.23, 0.31, 0.39, 0.47, 0.55])
    layout = Layout(network, 9, blocks)
    (series,) = book["LR=0.5"]._charts[0].series
    assert series.val.numRef.f == layout.curve_range("LR=0.5") and series.cat.numRef.f == layout.steps_range("LR=0.5")
    letter = layout.curve_columns[-1]
    curve = [values["LR=0.5"][f"{letter}{layout.first_row + k}"].value for k in range(9)]
    assert [float(point.v) for point in series.val.numRef.numCache.pt] == pytest.approx(curve, rel=1e-14)
    assert ("last" in series.tx.strRef.f) is False and len(layout.curve_columns) == (2 if batch == "all" else 3)
    texts = [str(c) for row in values["Start"].iter_rows(values_only=True) for c in row if isinstance(c, str)]
    words = {"all": "all of them in each iteration", "1": "one in turn in each iteration", "3": "3 in turn"}
    assert any(f"4 samples, {words[batch]}" in text for text in texts)
    assert any(text.endswith("2-2-1" if batch == "all" else f"2-2-1 batch={batch}") for text in texts)
    row = next(r for r in values["Start"].iter_rows(values_only=True) if "LR=0.5" in r)
    base = blocks.turn
    assert row[3] == curve[base - 1] and row[4] == curve[-1]


def test_each_sample_has_its_last_output_beside_its_target(tmp_path, libreoffice):
    """The sheet Samples after training, and Start's count, also after a change."""
    path = tmp_path / "xor.xlsx"
    assert main(["build", str(path), "--preset", "xor"]) == 0
    values = load_workbook(path, data_only=True)
    rows = list(values[SAMPLES].iter_rows(min_row=6, max_row=9, min_col=2, values_only=True))
    assert [row[:4] for row in rows] == [(1, 0, 0, 0), (2, 0, 1, 1), (3, 1, 0, 1), (4, 1, 1, 0)]
    assert [round(row[8], 2) for row in rows] == [0.04, 0.94, 0.94, 0.03]
    assert [row[9] for row in rows] == ["yes"] * 4 and Counter(row[15] for row in rows) == {"yes": 2, "no": 2}
    assert [values["Start"][f"H{row}"].value for row in range(16, 20)] == ["3 of 4", "4 of 4", "4 of 4", "2 of 4"]
    sheets = libreoffice.recalculate(path, {SAMPLES: {"E6": 1.0}})  # another function: OR is learned even faster
    assert sheets["Start"][16][7] == "4 of 4" and sheets[SAMPLES][5][8] != rows[0][8]


def test_a_sample_whose_turn_never_came(tmp_path):
    _, _, _, _, path = built("1-2 batch=2", 5, tmp_path, iterations=2)
    rows = list(load_workbook(path, data_only=True)[SAMPLES].iter_rows(min_row=6, max_row=10, values_only=True))
    assert [row[6] == "–" for row in rows] == [False, False, False, False, True]


@pytest.mark.parametrize("batch", [0, 1])
def test_an_office_program_will_take_it(batch, tmp_path):
    *_, path = built(f"2-2-1 bias=unit{' batch=1' * batch}", 4, tmp_path)
    assert not list(OpenXmlValidator().validate(str(path)).errors)


def test_numbers_only_are_the_same_numbers(tmp_path):
    spec = Spec.parse("2-2-1 batch=3")
    samples, weights = numbers(spec, 4)
    network = spec.network(samples.inputs[0], samples.targets[0], weights)
    paths = tmp_path / "formulas.xlsx", tmp_path / "values.xlsx"
    for path, formulas in zip(paths, ("native", "values"), strict=True):
        build.build(path, network, RATES, 5, formulas=formulas, samples=samples)
    live, still = map(cells_of, paths)
    assert not any(c.data_type == "f" for sheet in load_workbook(paths[1]) for row in sheet for c in row)
    layout = layout_of(network, samples, 5)
    for rate in RATES:
        assert rows_of(live, layout, rate) == rows_of(still, layout, rate)


def test_what_a_sheet_cannot_hold():
    spec = Spec.parse("1-1 identity")
    network = spec.network([1.0], [1.0], [0.1])
    many = Samples(tuple((float(k),) for k in range(1_000)), ((1.0,),) * 1_000)
    with pytest.raises(
        GradsheetError, match=r"--iterations 2,000 of 1,001 rows each is more than Excel has rows.*1,047"
    ):
        build.compute(network, [0.1], 2_000, many)
    with pytest.raises(GradsheetError, match="too large for a cell at iteration 22"):
        build.compute(network, [100.0], 60, many)


def test_a_macro_workbook_and_its_training_sheet(tmp_path, capsys):
    path = tmp_path / "xor.xlsm"
    assert main(["build", str(path), "--preset", "xor", "--iterations", "3"]) == 0
    assert main(["build", str(path), "--preset", "xor", "--iterations", "3", "--check"]) == 0
    book = load_workbook(path)
    assert {"Training", SAMPLES} < set(book.sheetnames) and "Playground" not in book.sheetnames
    assert main(["build", str(path), "--preset", "xor", "--iterations", "4", "--check"]) == 1
    assert main(["build", str(path), "--preset", "xor", "--iterations", "4"]) == 0  # its proof lets it be replaced
    assert main(["build", str(path), "--preset", "xor", "--formulas", "udf"]) == 2
    assert "fills tables of one sample only" in capsys.readouterr().err


def test_the_checker_judges_no_samples(tmp_path, capsys):
    for batch in ("all", "1", "3"):
        path = tmp_path / f"{batch}.xlsx"
        data = tmp_path / "data.csv"
        data.write_text("0,0,0,1\n0,1,1,0\n1,0,1,0\n1,1,0,1\n")
        assert main(["build", str(path), "--samples", str(data), "--batch", batch, "--lr", "0.5"]) == 0
        main(["check", str(path)])
        assert "not judged (2-2-2" in capsys.readouterr().out


def test_samples_load_neither_torch_nor_scikit_learn(tmp_path):
    code = (
        "import sys; from workbook.cli import main; main(sys.argv[1:]); print({'torch', 'sklearn'} & set(sys.modules))"
    )
    command = [sys.executable, "-c", code, "build", str(tmp_path / "x.xlsx"), "--preset", "xor", "--iterations", "2"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.endswith("set()\n")


def test_the_same_input_gives_the_same_bytes(tmp_path):
    first, second = tmp_path / "a.xlsx", tmp_path / "b.xlsx"
    for path in (first, second):
        assert main(["build", str(path), "--preset", "and", "--iterations", "5"]) == 0
    assert first.read_bytes() == second.read_bytes()
