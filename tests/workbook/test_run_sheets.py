"""The sheets of a training run: against the run's own log, the audit, LibreOffice and the published log."""

import csv
import os

import numpy as np
import openpyxl
import pytest
from openxml_audit import OpenXmlValidator, predict

import xlfuncs
from workbook import build
from workbook.cli import main
from workbook.sheets import run_report
from workbook.sheets.architecture import stages
from workbook.sheets.training import COLUMNS, HEADER_ROW
from xlfuncs.errors import GradsheetError
from xlfuncs.network import DEFAULT

pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("torchvision", reason="torchvision is not installed")
pytest.importorskip("sklearn", reason="scikit-learn is not installed")
LABEL = "digits from scikit-learn (not MNIST)"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run of two epochs on the digits, and the workbook that `gradsheet train --workbook` wrote."""
    folder = tmp_path_factory.mktemp("run")
    arguments = ["--dataset", "digits", "--epochs", "2", "--run-dir", str(folder / "run")]
    assert main(["train", *arguments, "--workbook", str(folder / "book.xlsx")]) == 0
    return folder / "run", folder / "book.xlsx"


@pytest.fixture(scope="module")
def log(trained):
    with open(trained[0] / "epochs.csv", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def book(trained):
    return openpyxl.load_workbook(trained[1])


def test_sheets_and_links(book):
    assert book.sheetnames[-4:] == ["Training", "Architecture", "Mistakes", "Digit pad"]
    links = {cell.hyperlink.location for row in book["Start"].iter_rows() for cell in row if cell.hyperlink}
    assert {"'Training'!A1", "'Mistakes'!A1", "'Digit pad'!A1"} <= links


def test_the_best_checkpoint_is_read_once_an_epoch(trained, monkeypatch):
    from trainer import predict

    read, load_best = [], predict.load_best
    monkeypatch.setattr(predict, "load_best", lambda path: read.append(path) or load_best(path))
    predict._loaded.cache_clear()
    report = run_report.of_folder(trained[0])
    assert report.examination and report.pad and len(read) == 1


def test_the_epoch_table_is_the_runs_log(book, log):
    sheet = book["Training"]
    for row, logged in enumerate(log, start=HEADER_ROW + 1):
        for k, (field, _, _) in enumerate(COLUMNS):
            assert sheet.cell(row, 2 + k).value == float(logged[field]), field
    assert sheet.cell(HEADER_ROW + 1 + len(log), 2).value is None
    assert sheet.tables["EpochLog"].ref == f"B{HEADER_ROW}:J{HEADER_ROW + len(log)}"


def test_four_charts_over_the_epoch_table(book, log):
    found = book["Training"]._charts
    assert len(found) == 4
    for chart, letter in zip(found, "DFEG", strict=True):
        assert [s.yVal.numRef.f for s in chart.series] == [f"'Training'!${letter}$13:${letter}${12 + len(log)}"]


def test_the_data_is_named_wherever_its_numbers_are(book):
    for name in ("Training", "Mistakes", "Digit pad"):
        texts = [cell.value for row in book[name].iter_rows() for cell in row if isinstance(cell.value, str)]
        assert any(LABEL in text for text in texts), name


def test_excel_opens_it_without_a_repair(trained):
    result = OpenXmlValidator().validate(str(trained[1]))
    assert [str(error) for error in result.errors] == []
    assert predict(result).prediction.value == "opens-clean"


def test_libreoffice_shows_it(libreoffice, trained, log):
    sheets = libreoffice.recalculate(trained[1])
    assert sheets["Training"][HEADER_ROW][5] == float(log[0]["test_loss"])
    matrix = np.array([row[2:12] for row in sheets["Mistakes"][5:15]], float)
    assert matrix.sum() == 360
    assert np.trace(matrix) == max(float(row["test_correct"]) for row in log)
    shares = [row[12] for row in sheets["Mistakes"][5:15]]
    np.testing.assert_allclose(shares, np.diag(matrix) / matrix.sum(axis=1), rtol=1e-12)
    assert sheets["Architecture"][30][4] == 10690
    assert libreoffice.charts(trained[1])["Training"] == 4


def test_the_architecture_is_the_published_table(book):
    sheet = book["Architecture"]
    rows = [[cell.value for cell in row] for row in sheet["C5:E30"]]
    assert len(rows) == 26 and sum(row[2] for row in rows) == 10690
    assert rows[0] == ["Conv2d-1", "16×26×26", 144] and rows[-1] == ["Linear-26", "10", 330]


def test_captions_are_read_from_the_layers(trained):
    found = stages(run_report.of_folder(trained[0]).layers)
    captions = [caption for _, caption, _, _ in found]
    assert captions == [
        "image", "conv 3×3", "conv 3×3", "conv 1×1", "max-pool 2", "conv 3×3", "conv 3×3", "conv 3×3", "avg-pool 6",
        "conv 1×1", "conv 1×1", "linear",
    ]  # fmt: skip
    assert found[1][3] == ["ReLU", "BN", "Dropout"] and found[3][3] == []


def test_every_mistake_has_a_picture(book, log):
    wrong = 360 - max(int(row["test_correct"]) for row in log)
    assert len(book["Mistakes"]._images) == min(wrong, 100)


def test_the_pads_answer_is_mnist_predicts(book, trained, monkeypatch):
    monkeypatch.setenv("GRADSHEET_RUN", str(trained[0]))
    sheet = book["Digit pad"]
    pixels = [[cell.value for cell in row] for row in sheet["B4:AC31"]]
    assert np.shape(pixels) == (28, 28) and np.min(pixels) >= 0 and np.max(pixels) <= 255
    answer = xlfuncs.MNIST_PREDICT(pixels)[0]
    assert answer[0] == sheet["AF10"].value and answer[-1] == sheet["AF21"].value == LABEL
    assert answer[1:11] == pytest.approx([sheet[f"AF{row}"].value for row in range(11, 21)])
    assert sum(answer[1:11]) == pytest.approx(1)
    blank = [[None if value == 0 else value for value in row] for row in pixels]
    assert xlfuncs.MNIST_PREDICT(blank)[0] == answer


def test_the_sheets_of_a_run_say_what_it_was(trained, book, libreoffice, tmp_path):
    """Data, and whether it ended early; every text has room."""
    from dataclasses import replace

    from tests.workbook.test_screen import check_widths

    sheet = book["Training"]
    assert sheet["B1"].value == f"A CNN on {LABEL}, recipe quick"
    assert "early" not in sheet["B2"].value
    assert sheet.freeze_panes is None  # a chart must not scroll under another one's title
    report = run_report.of_folder(trained[0])
    stopped = tmp_path / "stopped.xlsm"
    early, tables = replace(report, epochs=7), build.compute(DEFAULT, [0.1], 5)
    build.save(stopped, DEFAULT, tables, report=early, formulas="udf", macros=True)
    sheet = openpyxl.load_workbook(stopped)["Training"]
    assert sheet["B1"].value == "Training a CNN"
    assert LABEL in sheet["C8"].value and "2 of 7 epochs: stopped early" in sheet["C8"].value
    build.save(tmp_path / "stopped.xlsx", DEFAULT, tables, report=early)
    assert "2 of 7 epochs" in openpyxl.load_workbook(tmp_path / "stopped.xlsx")["Training"]["B2"].value
    assert check_widths(libreoffice, tmp_path / "stopped.xlsx") > 700


def test_a_blank_pad_is_no_digit(trained, libreoffice):
    from openpyxl.utils import get_column_letter

    cells = {f"{get_column_letter(c)}{r}": "" for c in range(2, 30) for r in range(4, 32)}
    area = {"Digit pad": "AE5:AE8"}
    shown = libreoffice.displayed(trained[1], area)["Digit pad"]
    assert shown[0][0].isdigit() and shown[3] == [""]
    shown = libreoffice.displayed(trained[1], area, {"Digit pad": cells}, as_opened=True)["Digit pad"]
    assert shown[0] == ["–"] and "blank" in shown[3][0]


def test_the_pads_pixels_are_square(book):
    from tests import screen

    sheet = book["Digit pad"]
    widths = {screen.column_px(d.width) for k, d in sheet.column_dimensions.items() if k in ("B", "C", "AC")}
    assert widths == {round(sheet.row_dimensions[4].height * screen.POINT)} == {24}
    assert [sheet[f"AE{row}"].value for row in (10, 11, 20, 21)] == [
        "digit", "probability of 0", "probability of 9", "trained on",
    ]  # fmt: skip


def test_mnist_predict_says_what_does_not_fit(trained, monkeypatch):
    monkeypatch.setenv("GRADSHEET_RUN", str(trained[0]))
    grid = [[0] * 28 for _ in range(28)]
    grid[4][6] = "x"
    with pytest.raises(GradsheetError, match=r"^pixels, cell \(5, 7\), holds the text 'x'; a number is needed.$"):
        xlfuncs.MNIST_PREDICT(grid)
    with pytest.raises(GradsheetError, match="28 rows and 28 columns"):
        xlfuncs.MNIST_PREDICT([[1, 2]])
    grid[4][6] = 300
    with pytest.raises(GradsheetError, match="outside 0 to 255"):
        xlfuncs.MNIST_PREDICT(grid)
    monkeypatch.setenv("GRADSHEET_RUN", str(trained[0] / "nowhere"))
    with pytest.raises(GradsheetError, match="no checkpoint"):
        xlfuncs.MNIST_PREDICT([[0] * 28] * 28)


def test_build_with_a_run_gives_the_same_bytes(trained, tmp_path, capsys):
    out = tmp_path / "again.xlsx"
    assert main(["build", str(out), "--run", str(trained[0])]) == 0
    assert out.read_bytes() == trained[1].read_bytes()
    assert main(["build", str(out), "--run", str(trained[0]), "--check"]) == 0
    assert main(["build", str(out), "--check"]) == 1
    assert "Training" in capsys.readouterr().out


def test_a_run_without_an_epoch_has_its_sheets_too(trained, tmp_path):
    from dataclasses import replace

    report = replace(run_report.of_folder(trained[0]), rows=(), best=None, examination=None, pad=None, graph=None)
    path = tmp_path / "empty.xlsx"
    build.save(path, DEFAULT, build.compute(DEFAULT, [0.1], 5), report=report)
    result = OpenXmlValidator().validate(str(path))
    assert [str(error) for error in result.errors] == []


def test_the_published_log_stands_beside_a_run_on_mnist(trained, tmp_path):
    from dataclasses import replace

    from trainer.published import PUBLISHED_LOG

    report = replace(run_report.of_folder(trained[0]), published=PUBLISHED_LOG)
    path = tmp_path / "published.xlsx"
    build.save(path, DEFAULT, build.compute(DEFAULT, [0.1], 5), report=report)
    sheet = openpyxl.load_workbook(path)["Training"]
    assert [cell.value for cell in sheet["AE"]][HEADER_ROW : HEADER_ROW + 20][-1] == 9941
    assert [len(chart.series) for chart in sheet._charts] == [1, 2, 2, 2]
    assert OpenXmlValidator().validate(str(path)).errors == []


def test_mistakes_of_the_user(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["build", "a.xlsx", "--run", "nowhere"]) == 2
    assert "nowhere is no run folder" in capsys.readouterr().err
    assert main(["train", "--dataset", "digits", "--run-dir", "r", "--workbook", "a.csv"]) == 2
    assert "must end in .xlsx" in capsys.readouterr().err
    assert main(["train", "--dataset", "digits", "--run-dir", "r", "--workbook", "none/a.xlsx"]) == 2
    assert "the folder none does not exist" in capsys.readouterr().err
    assert os.listdir() == []


def test_demo_trains_on_digits_without_a_network(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRADSHEET_HOME", str(tmp_path / "home"))
    assert main(["demo", "--dataset", "digits"]) == 0
    out = capsys.readouterr().out
    assert LABEL in out and "Training, Architecture, Mistakes and Digit pad" in out
    assert "Training" in openpyxl.load_workbook("gradsheet.xlsx", read_only=True).sheetnames
