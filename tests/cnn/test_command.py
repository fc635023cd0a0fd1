"""`gradsheet cnn` on a real run: what the sheet says is what the trained network says."""

import openpyxl
import pytest

from trainer.predict import predict
from workbook.cli import main
from workbook.cnn import pad, top
from workbook.cnn.sheet import FORWARD


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    assert main(["train", "--dataset", "digits", "--dry-run", "--epochs", "1", "--run-dir", str(folder)]) == 0
    return folder


def test_the_sheet_says_what_the_network_says(run, tmp_path, capsys):
    path = tmp_path / "network.xlsx"
    assert main(["cnn", str(path), "--run", str(run)]) == 0
    assert f"{path}: the network of epoch 1" in capsys.readouterr().out
    book = openpyxl.load_workbook(path, data_only=True)
    drawn = [[book[pad.PAD][pad.GRID.cell(r, c)].value for c in range(28)] for r in range(28)]
    expected = predict(drawn, run)
    found = [book[FORWARD][top.cell_of("probability", k)].value for k in range(10)]
    assert found == pytest.approx(expected.probabilities, abs=1e-5)  # the network predicts in float32
    assert book[FORWARD][top.SAID.cell()].value == expected.digit


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["cnn", "a.xlsx", "--run", "nowhere"], "is no run folder"),
        (["cnn", "a.xlsm"], "must end in .xlsx"),
        (["cnn", "a.csv"], "must end in .xlsx"),
    ],
)
def test_mistakes(arguments, sentence, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    assert sentence in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_file_of_somebody_elses_stays(run, tmp_path, capsys):
    path = tmp_path / "thesis.xlsx"
    path.write_bytes(b"mine")
    assert main(["cnn", str(path), "--run", str(run)]) == 2
    assert path.read_bytes() == b"mine"
