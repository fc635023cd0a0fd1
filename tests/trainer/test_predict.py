import os

import numpy as np
import pytest
import torch
from plain import batch, with_weights

from trainer import predict as predict_module
from trainer.predict import examine, find_checkpoint, predict
from trainer.recipes import choose_recipe
from trainer.run import load_run
from trainer.train import new_config, train_new
from xlfuncs.errors import GradsheetError


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "trained"
    config, data = new_config(choose_recipe("quick", epochs=4), "digits", seed=3, device="cpu")
    train_new(folder, config, data)
    return folder


def test_a_prediction_is_the_plain_networks(trained, digits):
    plain = with_weights(torch.load(trained / "best.pt", weights_only=True)["model"]).eval()
    for image in digits.test_images[:5]:
        with torch.no_grad():
            expected = plain(batch(image[None]))[0].exp()
        answer = predict(image.numpy(), trained)
        assert answer.digit == int(expected.argmax())
        np.testing.assert_allclose(answer.probabilities, expected, atol=1e-5)
        assert sum(answer.probabilities) == pytest.approx(1) and answer.data_label.startswith("digits")


def test_excels_values_are_understood(trained, digits):
    image = digits.test_images[0]
    cells = [[None if v == 0 else float(v) for v in row] for row in image.tolist()]
    assert predict(cells, trained) == predict(image.numpy(), trained / "best.pt")
    cells[0][0] = ""
    assert predict(cells, trained) == predict(image.numpy(), trained)


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (None, "28 rows"),
        (3.0, "28 rows"),
        ([[0.0] * 28] * 27, "27 rows of 28"),
        ([[0.0] * 28] * 27 + [[0.0] * 29], "28 rows"),
        ([["ink"] * 28] * 28, "not a number"),
        ([[256.0] * 28] * 28, "outside 0 to 255"),
        ([[-1.0] * 28] * 28, "outside 0 to 255"),
        ([[float("nan")] * 28] * 28, "outside 0 to 255"),
    ],
)
def test_pixels_that_are_no_image(trained, pixels, message):
    with pytest.raises(GradsheetError, match=message):
        predict(pixels, trained)


def test_the_mistakes_are_the_ones_in_the_log(trained, digits):
    run = load_run(trained)
    result = examine(run)
    assert result.confusion.sum() == 360 and result.confusion.trace() == run.best.test_correct
    assert result.epoch == run.best.epoch and result.data_label == digits.label
    assert len(result.indices) == 360 - run.best.test_correct > 0
    plain = with_weights(torch.load(trained / "best.pt", weights_only=True)["model"]).eval()
    with torch.no_grad():
        probabilities = plain(batch(digits.test_images)).exp()
    confidence, predicted = probabilities.max(1)
    wrong = (predicted != digits.test_labels).nonzero().flatten()
    assert sorted(result.indices.tolist()) == wrong.tolist()
    np.testing.assert_array_equal(result.images, digits.test_images[result.indices].numpy())
    np.testing.assert_array_equal(result.labels, digits.test_labels[result.indices].numpy())
    np.testing.assert_array_equal(result.predictions, predicted[result.indices].numpy())
    np.testing.assert_allclose(result.confidences, confidence[result.indices], atol=1e-5)
    assert (np.diff(result.confidences) <= 0).all()
    for digit in range(10):
        mine = digits.test_labels == digit
        assert result.digit_accuracy[digit] == pytest.approx(100 * (predicted[mine] == digit).float().mean().item())


def copy_run(source, target, *, dataset="mnist", correct=300, dry_run=False, holdout=0):
    import json
    import shutil

    shutil.copytree(source, target)
    config = json.loads((target / "config.json").read_text()) | {
        "dataset": dataset,
        "dry_run": dry_run,
        "holdout": holdout,
    }
    (target / "config.json").write_text(json.dumps(config))
    head, *rows = (target / "epochs.csv").read_text().splitlines()
    cells = rows[0].split(",")
    cells[5], cells[6] = str(correct / 3.6), str(correct)
    (target / "epochs.csv").write_text("\n".join([head, ",".join(cells)]) + "\n")


def test_the_rule_that_finds_a_checkpoint(trained, home, monkeypatch):
    runs = home / "runs"
    with pytest.raises(GradsheetError, match="gradsheet train"):
        find_checkpoint()
    copy_run(trained, runs / "a", dataset="digits", correct=359)
    assert find_checkpoint() == runs / "a" / "best.pt"
    copy_run(trained, runs / "b", correct=310)
    copy_run(trained, runs / "c", correct=320)
    copy_run(trained, runs / "d", correct=330, dry_run=True)
    copy_run(trained, runs / "e", correct=330, holdout=100)
    copy_run(trained, runs / "f", correct=330)
    (runs / "f" / "config.json").write_text("{")
    assert find_checkpoint() == runs / "c" / "best.pt", "MNIST before digits, then the most right"
    copy_run(trained, runs / "g", correct=320)
    os.utime(runs / "g" / "best.pt", (2e9, 2e9))
    assert find_checkpoint() == runs / "g" / "best.pt", "among equals the newest"
    monkeypatch.setenv("GRADSHEET_RUN", str(runs / "b"))
    assert find_checkpoint() == runs / "b" / "best.pt"


def test_a_checkpoint_is_read_once_and_again_when_it_changes(tmp_path, trained, monkeypatch):
    copy_run(trained, tmp_path / "run")
    loads, blank = [], np.zeros((28, 28))
    original = predict_module.load_model
    monkeypatch.setattr(predict_module, "load_model", lambda path: loads.append(path) or original(path))
    predict(blank, tmp_path / "run")
    predict(blank, tmp_path / "run")
    assert len(loads) == 1
    os.utime(tmp_path / "run" / "best.pt", (2e9, 2e9))
    predict(blank, tmp_path / "run")
    assert len(loads) == 2


def test_after_an_epoch_the_best_checkpoint_is_read_once(tmp_path, trained, monkeypatch):
    """By the report with its examination of all test digits and its prediction of one."""
    from workbook.sheets import run_report

    copy_run(trained, tmp_path / "run", dataset="digits")
    loads, original = [], predict_module.load_model
    monkeypatch.setattr(predict_module, "load_model", lambda path: loads.append(path) or original(path))
    report = run_report.of_run(load_run(tmp_path / "run"))
    assert len(loads) == 1 and report.pad is not None and report.examination is not None


@pytest.mark.parametrize("content", [None, b"", {"model": {}, "row": {}, "data_label": ""}, {"rows": 1}])
def test_a_checkpoint_that_is_none(tmp_path, content):
    if isinstance(content, bytes):
        (tmp_path / "best.pt").write_bytes(content)
    elif content is not None:
        torch.save(content, tmp_path / "best.pt")
    with pytest.raises(GradsheetError, match=r"best\.pt"):
        predict(np.zeros((28, 28)), tmp_path)
