"""The command line's network: by its parts, in one line, as a preset; what is left out, and what doesn't go together."""

import argparse
import zipfile

import openpyxl
import pytest

from workbook import network_options
from workbook.cli import main
from workbook.sheets.layout import Layout
from workbook.sheets.start_layout import StartLayout
from xlfuncs.errors import GradsheetError
from xlfuncs.network import DEFAULT
from xlfuncs.spec import Spec


def network_of(*arguments):
    parser = argparse.ArgumentParser()
    network_options.add_arguments(parser)
    return network_options.network_of(parser.parse_args(arguments))


def weights_of(network):
    return [w.start for w in network.weights], [b.start for b in network.biases]


def test_nothing_named_is_the_exercise():
    assert network_of() == network_of("--preset", "exercise") == network_of("--network", "2-2-2") == DEFAULT


@pytest.mark.parametrize(
    ("parts", "line"),
    [
        ("--layers 3-4-1", "3-4-1"),
        ("--activation tanh", "2-2-2 tanh"),
        (
            "--layers 2-3-3-2 --activation tanh,tanh,softmax --loss cross-entropy --bias unit --optimizer adam",
            "2-3-3-2 tanh softmax cross-entropy bias=unit adam",
        ),
        ("--bias layer --fixed-bias --decay 0.01", "2-2-2 bias=layer fixed-bias decay=0.01"),
        ("--inputs 1,2,3 --targets 1", "3-2-1"),
    ],
)
def test_parts_are_the_line(parts, line):
    found = network_of(*parts.split())
    assert str(Spec.of(found)) == line
    if "--inputs" not in parts:
        assert found == network_of("--network", line)


def test_what_is_left_out():
    """Weights of the exercise for its sizes, else evenly from 0.15 to 0.55; Mazur's biases; the first class."""
    weights, biases = weights_of(network_of("--network", "2-2-2 tanh bias=layer"))
    assert weights == [0.15, 0.2, 0.25, 0.3, 0.4, 0.45, 0.5, 0.55] and biases == [0.35, 0.6]
    network = network_of("--network", "3-2-3 softmax cross-entropy bias=unit".replace("softmax", "tanh softmax"))
    weights, biases = weights_of(network)
    assert (weights[0], weights[-1], len(weights)) == (0.15, 0.55, 12) and biases == [0.35, 0.35, 0.6, 0.6, 0.6]
    assert network.inputs == (0.05, 0.1, 0.15) and network.targets == (1.0, 0.0, 0.0)
    assert network_of("--network", "3-2-3 tanh").targets == (0.5, 0.5, 0.5)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["--network", "2-2-1 batch=4"],
            "batch= is about several samples; give them with --samples DATA.csv, or leave it out.",
        ),
        (["--preset", "mazur", "--layers", "2-2-2"], "--preset mazur is a whole network; leave out --layers."),
        (["--network", "2-2-2", "--bias", "unit"], "--network says it all in one line; leave out --bias."),
        (["--network", "2-2-2", "--weights", "1,2"], "--weights has 2 numbers; 2-2-2 needs 8."),
        (["--layers", "2,2"], "--layers is '2,2'; give the units of each layer"),
        (["--layers", "9999-9999-1"], "columns; Excel has 16,384"),
    ],
)
def test_what_does_not_go_together(arguments, sentence):
    with pytest.raises(GradsheetError) as error:
        network_of(*arguments)
    assert sentence in str(error.value)


def test_a_bias_stands_right_of_its_units_weights():
    network = network_of("--network", "2-3-2 bias=unit")
    start = StartLayout(network)
    assert [start.of(name) for name in ("w1", "w2", "b1", "w3", "b2", "w7", "b4")] == [
        "C9", "D9", "E9", "C10", "E10", "C12", "F12",
    ]  # fmt: skip
    layered = StartLayout(network_of("--network", "2-3-2 bias=layer"))
    assert [layered.of(name) for name in ("b1", "b2")] == ["E9", "F12"]


def test_mazurs_numbers_are_on_the_screen(tmp_path, capsys):
    path = tmp_path / "mazur.xlsx"
    assert main(["build", str(path), "--preset", "mazur"]) == 0
    assert "1 learning rate, 100 iterations" in capsys.readouterr().out
    layout = Layout(network_of("--preset", "mazur"), 100)
    sheet = openpyxl.load_workbook(path, data_only=True)["LR=0.5"]

    def shown(variable, iteration):
        return sheet[layout.cell(variable, layout.header_row + iteration)].value

    assert [shown(v, 1) for v in ("a_o1", "a_o2", "E_total")] == pytest.approx(
        [0.75136507, 0.772928465, 0.298371109], rel=1e-8
    )
    after = [shown(f"w{k}", 2) for k in range(1, 9)]
    published = [0.149780716, 0.19956143, 0.24975114, 0.29950229, 0.35891648, 0.408666186, 0.511301270, 0.561370121]
    assert after == pytest.approx(published, abs=5e-9)
    assert [shown(b, 100) for b in ("b1", "b2")] == [0.35, 0.6]


def test_another_network_with_macros_has_plain_formulas(tmp_path):
    """Tables by NN_TABLE are for those who ask for them; Playground is about the NN_ functions then."""
    path = tmp_path / "tanh.xlsm"
    assert main(["build", str(path), "--network", "2-2-2 tanh", "--lr", "0.1", "--iterations", "3"]) == 0
    book = openpyxl.load_workbook(path)
    assert "Playground" in book.sheetnames and "Training" in book.sheetnames
    with zipfile.ZipFile(path) as archive:
        sheets = [archive.read(name) for name in archive.namelist() if name.startswith("xl/worksheets/sheet")]
    assert any(b"TANH(" in sheet for sheet in sheets) and not any(b"BP_" in sheet for sheet in sheets)
    assert main(["build", str(path), "--network", "2-2-2 tanh", "--formulas", "udf", "--lr", "0.1", "--force"]) == 0
