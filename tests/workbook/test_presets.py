"""Each preset learns what its story says, and nothing of a story is told of other numbers."""

import argparse
import subprocess
import sys
from contextlib import suppress

import numpy as np
import pytest
from openpyxl import load_workbook

from workbook import build, network_options
from workbook.cli import main
from workbook.presets import PRESETS
from workbook.sample_data import Samples
from workbook.sheets.layout import Layout
from workbook.sheets.samples import right_count
from xlfuncs.errors import GradsheetError
from xlfuncs.network import DEFAULT
from xlfuncs.spec import Spec


def lesson_of(*arguments):
    parser = argparse.ArgumentParser()
    network_options.add_arguments(parser)
    return network_options.lesson_of(parser.parse_args(arguments))


def trained(name):
    """(network, samples, {learning rate: table}) of a preset."""
    lesson = lesson_of("--preset", name)
    tables = build.compute(lesson.network, lesson.learning_rates, lesson.iterations, lesson.samples)
    return lesson.network, lesson.samples, {table.learning_rate: table for table in tables}


def right(name):
    network, samples, tables = trained(name)
    return {
        rate: right_count(Layout(network, PRESETS[name].iterations, t.blocks), samples, t) for rate, t in tables.items()
    }


def column(network, table, name):
    return table.table[:, network.column_names.index(name)]


def test_the_default_is_the_exercise_without_a_story():
    assert lesson_of() == lesson_of("--preset", "exercise")
    assert lesson_of().network == DEFAULT and lesson_of().story == ""


def test_xor_is_solved_too_slow_and_stuck():
    assert right("xor") == {0.1: 3, 1.0: 4, 2.0: 4, 5.0: 2}
    network, _, tables = trained("xor")
    ends = {rate: column(network, table, "a_o1")[-4:] for rate, table in tables.items()}
    assert np.abs(ends[2.0] - [0, 1, 1, 0]).max() < 0.02 and np.abs(ends[1.0] - [0, 1, 1, 0]).max() < 0.07
    assert np.abs(ends[5.0][[1, 3]] - 0.5).max() < 0.002
    assert tables[0.1].e_total(network)[-1] > 0.9 * tables[0.1].e_total(network)[0]


def test_and_is_learned_by_one_unit_unless_it_steps_too_far():
    network, samples, tables = trained("and")
    assert samples.batch == 1 and network.sizes == (2, 1)
    assert right("and") == {0.5: 4, 2.0: 4, 10.0: 4, 50.0: 3}
    curves = {rate: table.e_total(network)[-1] for rate, table in tables.items()}
    assert min(curves, key=curves.get) == 10.0
    assert np.ptp(column(network, tables[50.0], "a_o1")[-4:]) < 2e-6


def test_regression_finds_the_line_of_least_squares():
    network, samples, tables = trained("regression")
    slope, intercept = np.polyfit([row[0] for row in samples.inputs], [row[0] for row in samples.targets], 1)
    assert (round(slope, 2), round(intercept, 2)) == (1.97, 1.06)
    last = [column(network, tables[0.25], name)[-1] for name in ("w1", "b1")]
    assert last == pytest.approx([slope, intercept], abs=0.005)
    x = np.array(samples.inputs)[:, 0]
    curvature = np.linalg.eigvalsh([[np.mean(x * x), np.mean(x)], [np.mean(x), 1]]).max()
    assert 2 / curvature == pytest.approx(0.3, abs=0.005)
    assert tables[0.35].e_total(network)[-1] > 1e10


def test_iris_is_scikit_learns():
    from sklearn.datasets import load_iris

    network, samples, tables = trained("iris")
    flowers = load_iris()
    known = {tuple(row): kind for row, kind in zip(flowers.data.tolist(), flowers.target.tolist(), strict=True)}
    assert [known[row] for row in samples.inputs] == [row.index(1.0) for row in samples.targets] == [0, 1, 2] * 5
    assert right("iris")[0.1] == 15 > max(right("iris")[0.01], right("iris")[1.0])
    hidden = np.abs([column(network, tables[1.0], f"a_h{k}") for k in (1, 2, 3)])
    assert (hidden[:, 15 * 5 :] > 0.999).mean() > 0.9  # saturated at once


def test_iris_without_scikit_learn():
    code = "import sys; sys.modules['sklearn'] = None; from workbook.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "build", "nothing.xlsx", "--preset", "iris"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and done.stderr.startswith("gradsheet: --preset iris needs scikit-learn")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("name", ["exercise", "mazur", "and", "regression", "iris"])
def test_start_tells_the_story(name, tmp_path, capsys):
    path = tmp_path / "preset.xlsx"
    assert main(["build", str(path), "--preset", name]) == 0
    assert f"{len(PRESETS[name].learning_rates)} learning rate" in capsys.readouterr().out
    start = load_workbook(path)["Start"]
    assert (start["B3"].value or "") == PRESETS[name].story
    assert PRESETS[name].line in start["B4"].value
    assert path.stat().st_size < 4_500_000


def test_another_numbers_story_is_not_told(tmp_path):
    assert lesson_of("--preset", "xor").story
    for more in ("--optimizer adam", "--batch 1", "--activation sigmoid", "--weights 1,1,1,1,1,1,1,1,1", "--decay 0.1"):
        assert lesson_of("--preset", "xor", *more.split()).story == "", more
    path = tmp_path / "xor.xlsx"
    for more in (["--lr", "0.5"], ["--iterations", "5"]):
        assert main(["build", str(path), "--preset", "xor", *more]) == 0
        assert load_workbook(path)["Start"]["B3"].value is None


def test_options_beside_a_preset_override_it():
    preset, changed = lesson_of("--preset", "xor"), lesson_of("--preset", "xor", "--optimizer", "adam", "--batch", "1")
    assert changed.samples == Samples(preset.samples.inputs, preset.samples.targets, 1)
    line = "2-2-1 tanh sigmoid binary-cross-entropy bias=unit adam"
    assert str(Spec.of(changed.network)) == line
    assert [w.start for w in changed.network.weights] == [w.start for w in preset.network.weights]
    relu = lesson_of("--preset", "xor", "--activation", "relu,sigmoid", "--loss", "half-squared", "--decay", "0.1")
    assert str(Spec.of(relu.network)) == "2-2-1 relu sigmoid bias=unit decay=0.1"
    assert lesson_of("--preset", "and", "--batch", "all").samples.blocks.batch == 4
    assert lesson_of("--preset", "and").samples.blocks.batch == 1
    assert lesson_of("--preset", "mazur", "--targets", "0.5,0.5").network.targets == (0.5, 0.5)


def test_a_batch_of_all_samples_is_the_presets_own():
    """Four of XOR's four are what it takes anyway, so its story is told; three are another training."""
    for batch, told in (("all", 0), ("4", 0), ("9", 0), ("3", 3)):
        lesson = lesson_of("--preset", "xor", "--batch", batch)
        assert lesson.samples == Samples(*PRESETS["xor"].data(), told)
        assert lesson.story == ("" if told else PRESETS["xor"].story)


def test_another_loss_of_the_exercises_size_has_its_own_targets():
    """0.5 and 0.5 are no classes; the preset's own data stay where it was asked for."""
    other = "--activation", "sigmoid,softmax", "--loss", "cross-entropy"
    assert lesson_of(*other).network.targets == (1.0, 0.0)
    assert lesson_of("--preset", "exercise", *other).network.targets == DEFAULT.targets


def test_samples_beside_a_preset(tmp_path):
    data = tmp_path / "or.csv"
    data.write_text("0,0,0\n0,1,1\n1,0,1\n")
    found = lesson_of("--preset", "xor", "--samples", str(data))
    assert found.samples.targets == ((0.0,), (1.0,), (1.0,)) and found.story == ""
    assert found.network.weights == lesson_of("--preset", "xor").network.weights


def test_samples_of_any_size(tmp_path):
    """The header's counts are the network's where no option says another size."""
    data = tmp_path / "data.csv"
    data.write_text("i1,i2,i3,t1\n1,2,3,4\n5,6,7,8\n")
    found = lesson_of("--samples", str(data))
    assert found.network.sizes == (3, 2, 1) and found.samples.blocks.batch == 2
    assert found.network.inputs == (1.0, 2.0, 3.0) and found.network.targets == (4.0,)
    line = "3-1 identity batch=1"
    assert lesson_of("--samples", str(data), "--network", line).samples.batch == 1
    assert lesson_of("--samples", str(data), "--network", "3-1 batch=9").samples.batch == 0
    data.write_text("1,2,3,4\n")
    one = lesson_of("--samples", str(data))
    assert one.samples is None and one.network.inputs == (1.0, 2.0) and one.network.targets == (3.0, 4.0)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("--preset xor --layers 2-3-1", "--preset xor is a whole network; leave out --layers."),
        ("--preset xor --bias none --network 2-2-1", "leave out --bias and --network."),
        ("--preset xor --inputs 1,1", "--preset xor has several samples; give others with --samples, not --inputs."),
        ("--preset xor --activation softmax", "softmax belongs to the last layer"),
        ("--preset exercise --fixed-bias", "fixed-bias needs biases"),
        ("--batch 1", "--batch is about several samples; give them with --samples DATA.csv, or leave it out."),
        ("--preset mazur --batch 2", "--batch is about several samples"),
        ("--preset xor --batch 0", "--batch is '0'; give all, 1 for one sample in turn, or how many in turn."),
        ("--preset xor --batch most", "--batch is 'most'; give all"),
        ("--preset xor --batch -1", "--batch is '-1'; give all"),
        (
            "--samples x.csv --inputs 1,1 --targets 1",
            "--samples has inputs and targets; leave out --inputs and --targets.",
        ),
        ("--samples x.csv", "x.csv can't be read (No such file or directory); --samples takes a CSV file."),
        ("--network 2-2-1 --weights 1 --preset xor", "--preset xor is a whole network; leave out --network."),
    ],
)
def test_what_contradicts_itself(arguments, sentence, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(GradsheetError) as error:
        lesson_of(*arguments.split())
    assert sentence in str(error.value)


def test_a_batch_said_twice(tmp_path):
    data = tmp_path / "data.csv"
    data.write_text("1,2\n3,4\n")
    with pytest.raises(GradsheetError, match="--network says the batch too; leave out --batch"):
        lesson_of("--samples", str(data), "--network", "1-1 batch=1", "--batch", "all")


def test_help_lists_the_presets(capsys):
    with suppress(SystemExit):
        main(["build", "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    for name, preset in PRESETS.items():
        assert f"{name}: {preset.about}" in shown
    assert "--samples DATA.csv" in shown and "--batch all|1|N" in shown
