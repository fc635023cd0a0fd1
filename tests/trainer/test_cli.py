"""The command line: every mistake is one sentence and exit code 2, and the usual things work."""

import argparse
import json
import subprocess
import sys

import pytest
import torch
from torchvision.datasets import MNIST

import trainer
from trainer import cli
from trainer.run import load_run


def words(*arguments):
    return [str(argument) for argument in arguments]


@pytest.fixture
def fails(capsys):
    """Run the command; return its one sentence after checking that it was one, with exit code 2."""

    def check(*arguments):
        assert cli.main(words(*arguments)) == 2
        out, err = capsys.readouterr()
        assert err.startswith("gradsheet: ") and err.count("\n") == 1 and "Traceback" not in out + err
        return err

    return check


DIGITS = ("--dataset", "digits", "--device", "cpu")


def test_a_run_on_digits_shows_the_published_lines_and_labels_them(tmp_path, capsys):
    assert cli.main(words(*DIGITS, "--epochs", 3, "--run-dir", tmp_path / "run", "--seed", 3)) == 0
    output = capsys.readouterr().out
    assert "digits from scikit-learn (not MNIST)" in output.splitlines()[0]
    assert "digits from scikit-learn (not MNIST)" in output.splitlines()[-1]
    epochs = [line for line in output.splitlines() if line.startswith("Epoch ")]
    assert len(epochs) == 3 and "/360 (" in epochs[0] and "learning rate" in epochs[0] and "test loss" in epochs[0]
    run = load_run(tmp_path / "run")
    assert run.best.test_accuracy > 60, "three short epochs learn something"
    assert f"{run.best.test_correct}/360" in output.splitlines()[-1]


def test_a_run_without_a_folder_goes_to_the_users(home, capsys):
    assert cli.main(words(*DIGITS, "--epochs", 1)) == 0
    (folder,) = (home / "runs").iterdir()
    assert folder.name.endswith("-quick-digits") and str(folder) in capsys.readouterr().out


def test_a_dry_run_is_short_and_leaves_nothing(home, tmp_path, capsys):
    seen = []
    parser = argparse.ArgumentParser()
    cli.add_arguments(parser)
    arguments = parser.parse_args(words(*DIGITS, "--recipe", "published", "--dry-run"))
    assert cli.run(arguments, on_epoch=lambda run: seen.append(run.folder)) == 0
    assert len(seen) == 2 and not seen[0].exists() and not home.exists()
    assert "the first 288 images only" in capsys.readouterr().out


def test_overrides_reach_the_run(tmp_path):
    options = ("--lr", 0.03, "--batch-size", 128, "--no-nesterov", "--degrees", 3, "--schedule", "step", "--epochs", 1)
    assert cli.main(words(*DIGITS, *options, "--run-dir", tmp_path / "run")) == 0
    recipe = load_run(tmp_path / "run").config.recipe
    assert (recipe.learning_rate, recipe.batch_size, recipe.nesterov) == (0.03, 128, False)
    assert (recipe.degrees, recipe.schedule, recipe.epochs, recipe.name) == (3.0, "step", 1, "quick")


def test_a_target_sets_the_exit_code(tmp_path, capsys):
    assert cli.main(words(*DIGITS, "--epochs", 2, "--target", 5, "--run-dir", tmp_path / "low")) == 0
    assert cli.main(words(*DIGITS, "--epochs", 1, "--target", 100, "--run-dir", tmp_path / "high")) == 1
    assert "was not reached" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--epochs", 0), "epochs 0"),
        (("--batch-size", -3), "batch size -3"),
        (("--batch-size", 5000), "more than the 1437 training images"),
        (("--lr", "nan"), "learning rate nan"),
        (("--lr", 0), "learning rate 0"),
        (("--dropout", 1), "dropout 1"),
        (("--seed", -1), "seed -1"),
        (("--seed", 2**32), "seed 4294967296"),
        (("--target", 101), "target 101"),
        (("--momentum", 0), "--no-nesterov"),
    ],
)
def test_a_value_that_cant_be_used(fails, tmp_path, arguments, message):
    assert message in fails(*DIGITS, *arguments, "--run-dir", tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is CUDA here")
def test_cuda_without_cuda(fails):
    assert "--device cpu" in fails("--dataset", "digits", "--device", "cuda")


def test_no_network_and_no_data(fails, monkeypatch):
    monkeypatch.setattr(MNIST, "mirrors", ["http://127.0.0.1:9/"])
    assert "--dataset digits" in fails("--dataset", "mnist")


def test_no_data_folder(fails, tmp_path):
    assert "does not exist" in fails("--data-dir", tmp_path / "nowhere")


def test_a_run_folder_that_is_a_file(fails, tmp_path):
    (tmp_path / "file").touch()
    assert "can't be made" in fails(*DIGITS, "--run-dir", tmp_path / "file")


def test_a_run_folder_in_use(fails, tmp_path):
    arguments = (*DIGITS, "--epochs", 1, "--run-dir", tmp_path / "run")
    assert cli.main(words(*arguments)) == 0
    before = (tmp_path / "run" / "last.pt").read_bytes()
    assert "--resume" in fails(*arguments)
    assert (tmp_path / "run" / "last.pt").read_bytes() == before


def test_resuming_no_run_or_with_another_recipe(fails, tmp_path):
    assert "no run folder" in fails("--resume", tmp_path)
    message = fails("--resume", tmp_path, "--lr", 0.1, "--seed", 0, "--dry-run")
    assert "--lr, --seed, --dry-run" in message


def test_a_loss_that_explodes(fails, tmp_path):
    arguments = (*DIGITS, "--recipe", "published", "--epochs", 2, "--lr", 1e30, "--run-dir", tmp_path / "run")
    assert "too high" in fails(*arguments)
    status = json.loads((tmp_path / "run" / "status.json").read_text())
    assert status["state"] == "failed" and "too high" in status["message"]
    assert load_run(tmp_path / "run").rows == []


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory"),
    ],
)
def test_too_little_memory(fails, tmp_path, monkeypatch, error):
    def fail(*args):
        raise error

    monkeypatch.setattr("trainer.train.transform", fail)
    assert "too little memory" in fails(*DIGITS, "--epochs", 1, "--run-dir", tmp_path / "run")


def test_the_arguments_load_neither_torch_nor_sklearn():
    code = (
        "import argparse, sys; from trainer import cli; cli.add_arguments(argparse.ArgumentParser());"
        "print(sorted({'torch', 'torchvision', 'sklearn', 'openpyxl'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_missing_torch_names_the_extra(fails, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("trainer.") and name != "trainer.cli"]:
        monkeypatch.delitem(sys.modules, name)
        monkeypatch.delattr(trainer, name.partition(".")[2], raising=False)  # `from trainer import train` looks here
    monkeypatch.setitem(sys.modules, "torch", None)
    assert 'pip install -e ".[train]"' in fails("--dataset", "digits")
