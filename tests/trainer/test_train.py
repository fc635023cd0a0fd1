"""What an epoch is made of, and how a training ends when something is against it."""

import errno
import io
import json
import os
import subprocess
import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import folders
import numpy as np
import pytest
import torch

from trainer import cli, files, train
from trainer import run as run_module
from trainer.data import Data
from trainer.model import MnistCNN
from trainer.progress import Lines, Progress, TerminalProgress
from trainer.recipes import QUICK, choose_recipe, learning_rates
from trainer.run import Config, Run, load_run, read_status
from xlfuncs.errors import DiskFullError, GradsheetError

COUNT = 100
STEPS = 4


@pytest.fixture(scope="module")
def numbered():
    """Blank images; the labels to train on number them."""
    blank = torch.zeros(COUNT, 28, 28, dtype=torch.uint8)
    return Data("numbered", blank, torch.arange(COUNT), blank[:20], torch.arange(20) % 10)


class Recorder:
    """A trainer that trains nothing and remembers what it was given."""

    def __init__(self):
        self.model, self.labels, self.rates = MnistCNN(), None, None

    def epoch(self, images, labels, rates, rng, after_step):
        self.labels, self.rates = labels.tolist(), rates
        return 0.5, 7


@pytest.fixture
def epoch(numbered, monkeypatch, tmp_path):
    """Run an epoch of `quick` on the numbered images: its row, the trainer, and the ranges of its augmentation."""
    config = replace(folders.CONFIG, recipe=QUICK, train_images=COUNT, test_images=20)
    ranges = []
    original = train.draw
    monkeypatch.setattr(train, "draw", lambda rng, n, *given: ranges.append(given) or original(rng, n, *given))

    def run(number, seed=1):
        trainer = Recorder()
        rates = learning_rates(QUICK, number, STEPS)
        made = Run(tmp_path, replace(config, seed=seed))
        row = train._epoch(made, number, trainer, numbered, rates, lambda step: None)
        return row, trainer, ranges[-1]

    return run


def test_the_training_order_is_shuffled_anew_each_epoch(epoch):
    first, second, again, other = (epoch(*given)[1].labels for given in ((0,), (1,), (0,), (0, 2)))
    everything = list(range(COUNT))
    assert first != everything and sorted(first) == everything == sorted(second)
    moved = sum(a != b for a, b in zip(first, everything, strict=True))
    assert moved > 0.9 * COUNT
    assert first != second and first != other and first == again


def test_the_last_epochs_are_augmented_by_half(epoch):
    half = (QUICK.degrees / 2, QUICK.translate / 2, QUICK.scale / 2)
    assert [epoch(k)[2] for k in range(5)] == [(QUICK.degrees, QUICK.translate, QUICK.scale)] * 3 + [half] * 2


def test_the_log_names_the_last_steps_learning_rate(epoch):
    for number in range(5):
        row, trainer, _ = epoch(number)
        assert row.learning_rate == trainer.rates[-1] != trainer.rates[0]
        assert (row.epoch, row.train_loss, row.train_accuracy) == (number + 1, 0.5, 7.0)
        assert row.test_accuracy == 100 * row.test_correct / 20


def test_weights_that_became_nan_are_told_as_that(numbered, tmp_path):
    class Exploding(Recorder):
        def epoch(self, *args):
            with torch.no_grad():
                next(self.model.parameters())[0] = float("nan")
            return 0.5, 7  # the loss of before

    config = replace(folders.CONFIG, train_images=COUNT, test_images=20)
    with pytest.raises(GradsheetError, match="In epoch 3 the weights became NaN or infinite: learning rate"):
        train._epoch(Run(tmp_path, config), 2, Exploding(), numbered, np.full(2, 0.1), lambda step: None)


def test_a_long_runs_rates_take_no_memory():
    """100 million epochs took 23 GB: one rate a step in one array."""
    recipe = choose_recipe("best", epochs=100_000_000)
    for number in (0, 50_000_000, 99_999_999):
        assert learning_rates(recipe, number, 938).shape == (938,)
    assert learning_rates(recipe, 99_999_999, 938)[-1] == pytest.approx(1e-4)
    assert learning_rates(recipe, 0, 938)[0] == pytest.approx(1e-2)
    with pytest.raises(GradsheetError, match="at most 1,000,000,000"):
        choose_recipe("best", epochs=10**400)


@pytest.fixture
def few_digits(few, monkeypatch):
    monkeypatch.setattr("trainer.train.load", lambda *args, **options: few)
    return few


RECIPE = choose_recipe("published", epochs=3)


def begun(tmp_path, few, **options):
    config, _ = train.new_config(RECIPE, "digits", seed=5, device="cpu")
    config = replace(config, train_images=len(few.train_images), test_images=len(few.test_images))
    return train.train_new(tmp_path / "run", config, few, **options)


def test_a_full_disk_is_a_sentence_and_costs_one_epoch(tmp_path, few_digits, monkeypatch):
    """Writes fail from the second epoch on, the status's too; then there is space again."""

    real = os.fsync
    full = False

    def fsync(descriptor):
        if full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(descriptor)

    def fill(run):
        nonlocal full
        full = len(run.rows) == 1

    monkeypatch.setattr(files.os, "fsync", fsync)
    with pytest.raises(GradsheetError) as error:
        begun(tmp_path, few_digits, on_epoch=fill)
    assert error.type is DiskFullError
    assert "the disk is full" in str(error.value) and f"--resume {tmp_path / 'run'}" in str(error.value)
    full = False
    assert len(load_run(tmp_path / "run").rows) == 1
    run = train.resume(tmp_path / "run")
    assert run.finished and [row.epoch for row in run.rows] == [1, 2, 3]
    assert not [name for name in os.listdir(tmp_path / "run") if name.startswith(".") and name != ".lock"]


def test_torch_save_into_a_full_disk_is_a_sentence(tmp_path):
    """A limit on the size of files stands for the full disk; torch.save alone makes a RuntimeError of it."""
    pytest.importorskip("resource", reason="Windows has no limit on the size of files")
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)); from trainer.cli import main; sys.exit(main())"
    )
    arguments = ["--dataset", "digits", "--epochs", "1", "--device", "cpu", "--run-dir", str(tmp_path / "run")]
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "Traceback" not in done.stderr, done.stderr
    assert done.stderr.startswith("gradsheet: ") and "last.pt was not written" in done.stderr
    assert sorted(path.name for path in (tmp_path / "run").iterdir() if path.name != ".lock") == [
        "config.json",
        "status.json",
    ]
    status = json.loads((tmp_path / "run" / "status.json").read_text())
    assert status["state"] == "failed" and "last.pt was not written" in status["message"]


def test_a_checkpoint_that_is_cut_off_is_no_runtime_error(tmp_path, monkeypatch):
    """torch.save into a file that takes 100 bytes raises a RuntimeError about positions in place of the OSError."""

    class Small(io.BytesIO):
        def write(self, data):
            if self.tell() + len(data) > 100:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return super().write(data)

    monkeypatch.setattr("trainer.checkpoint.write_whole", lambda path: nullcontext(Small()))
    with pytest.raises(OSError, match="No space left"):
        folders.make(tmp_path / "run")


def test_a_status_that_cant_be_written_ends_no_training(tmp_path, few_digits, monkeypatch):
    def refuse(folder, status):
        if status.batch:
            raise GradsheetError("status.json can't be written: it is open elsewhere.")
        run_module.write_status(folder, status)

    monkeypatch.setattr("trainer.watch.write_status", refuse)
    assert begun(tmp_path, few_digits).finished


def test_a_reader_that_is_gone_stops_it_as_a_stop_does(tmp_path, few_digits):
    class Gone(Progress):
        def say(self, text):
            if text.startswith("Epoch 2"):
                raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        begun(tmp_path, few_digits, progress=Gone())
    assert read_status(tmp_path / "run").state == "stopped" and len(load_run(tmp_path / "run").rows) == 2
    assert train.resume(tmp_path / "run").finished


def test_the_terminal_hands_a_broken_pipe_on():
    class Gone(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        TerminalProgress(Lines(file=Gone())).say("x")


def test_a_finished_run_says_that_nothing_was_left(tmp_path, monkeypatch, capsys, few_digits):
    begun(tmp_path, few_digits)
    folder = tmp_path / "run"
    assert cli.main(["--resume", str(folder)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert f"The run in {folder} is finished: all 3 epochs were done, nothing was left to do." in said
    assert "Best test accuracy" in said


def test_the_configuration_is_what_the_schema_knows():
    """A run that this version begins is one that it reads: on any machine, whatever its processor is called."""
    config, _ = train.new_config(RECIPE, "digits", device="cpu")
    assert isinstance(config, Config) and Path(config.data_dir or "/").is_absolute()
