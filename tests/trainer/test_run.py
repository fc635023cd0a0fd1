"""The run folder: what a kill at any moment leaves, damaged files, two processes, stopping."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from plain import evaluate as plain_evaluate
from plain import with_weights

from trainer import checkpoint as checkpoint_module
from trainer import log as log_module
from trainer import run as run_module
from trainer.checkpoint import load_checkpoint
from trainer.files import write_whole
from trainer.log import TIMING_COLUMNS, best_row
from trainer.recipes import choose_recipe
from trainer.run import is_running, load_run, locked, read_status
from trainer.train import new_config, resume, train_new
from xlfuncs.errors import GradsheetError

RECIPE = choose_recipe("published", epochs=3, step_epochs=2, learning_rate=0.05)


def config_for(data, recipe=RECIPE, seed=5):
    return new_config(recipe, "digits", seed=seed, device="cpu")[0]


def train_few(folder, few, monkeypatch, **options):
    """A run on a few digits; resume finds the same few."""
    monkeypatch.setattr("trainer.train.load", lambda *args, **named: few)
    config, data = new_config(RECIPE, "digits", seed=5, device="cpu")
    return train_new(folder, config, data, **options)


def assert_same_run(folder, other):
    """Bit-equal weights, momentum and log, but for what a clock says."""
    for name in ("last.pt", "best.pt"):
        a, b = (torch.load(path / name, weights_only=True) for path in (folder, other))
        assert all(torch.equal(a["model"][key], b["model"][key]) for key in a["model"] | b["model"]), name
        momenta = a.get("momentum", {}) | b.get("momentum", {})
        assert all(
            torch.equal(a["momentum"][k]["momentum_buffer"], b["momentum"][k]["momentum_buffer"]) for k in momenta
        )
    rows, others = (
        [{k: v for k, v in asdict(row).items() if k not in TIMING_COLUMNS} for row in load_run(path).rows]
        for path in (folder, other)
    )
    assert rows == others and rows
    assert load_run(folder).rows == [
        log_module.EpochRow(**row) for row in load_checkpoint(folder / "last.pt", ("rows",))["rows"]
    ]


class Killed(BaseException):
    pass


@pytest.fixture
def whole(tmp_path, few, monkeypatch):
    """An uninterrupted run."""
    train_few(tmp_path / "whole", few, monkeypatch)
    return tmp_path / "whole"


def test_a_kill_at_any_write_is_mended_by_a_resume(tmp_path, few, monkeypatch, whole):
    """The process ends before, or half through, each write in turn."""
    moment, finished = 0, False
    while not finished:
        folder, count = tmp_path / f"killed{moment}", 0

        def write(path, moment=moment):
            nonlocal count
            count += 1
            if count > moment + 1:  # status.json is not written any more by a process that is gone
                raise Killed
            if count == moment + 1:
                with open(f"{path}.half", "wb") as half:
                    half.write(b"half a file")
                raise Killed
            return write_whole(path)

        with monkeypatch.context() as patched:
            patched.setattr(run_module, "write_whole", write)
            patched.setattr(checkpoint_module, "write_whole", write)
            try:
                train_few(folder, few, monkeypatch)
                finished = True
            except Killed:
                pass
        if finished:
            break
        if not (folder / "config.json").exists():
            train_few(folder, few, monkeypatch)  # nothing was kept: the same command starts the run
        else:
            resume(folder)
        assert_same_run(folder, whole)
        moment += 1
    assert moment > 10, "config, start, and last, best, log, status for each epoch"


COMMAND = [
    sys.executable, "-m", "trainer.cli", "--dataset", "digits", "--recipe", "published", "--epochs", "6", "--seed", "5",
    "--device", "cpu",
]  # fmt: skip


@pytest.fixture(scope="module")
def six_epochs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("six") / "whole"
    config, data = new_config(choose_recipe("published", epochs=6), "digits", seed=5, device="cpu")
    train_new(folder, config, data)
    return folder


def start_and_wait(folder, seconds):
    """Start the command line's run, and return its process some seconds into its training."""
    process = subprocess.Popen(
        [*COMMAND, "--run-dir", folder], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    deadline = time.monotonic() + 120
    while not (folder / "status.json").exists():
        assert process.poll() is None and time.monotonic() < deadline, process.stdout.read()
        time.sleep(0.005)
    time.sleep(seconds)
    return process


def test_a_sigkill_at_a_random_moment_costs_at_most_the_running_epoch(tmp_path, six_epochs):
    seconds = float(np.random.default_rng().uniform(0, 2))
    process = start_and_wait(tmp_path / "run", seconds)
    before = len(load_run(tmp_path / "run").rows)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    if (tmp_path / "run" / "status.json").exists() and process.returncode == -signal.SIGKILL:
        assert read_status(tmp_path / "run").state in ("interrupted", "finished")
    assert not is_running(tmp_path / "run")
    done = []
    resume(tmp_path / "run", on_epoch=lambda run: done.append(run.last.epoch))
    assert done == list(range(7 - len(done), 7)) and len(done) <= 6 - before, f"killed after {seconds:.3f} s"
    assert_same_run(tmp_path / "run", six_epochs)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize(
    "kills", [6, pytest.param(int(os.environ.get("GRADSHEET_KILLS", "200")), marks=pytest.mark.slow)]
)
def test_many_kills_lose_no_row_and_double_none(tmp_path, kills):
    """In a process of its own, which forks: no threads may run before."""
    program = Path(__file__).with_name("kill.py")
    seed = str(int(np.random.default_rng().integers(2**31)))
    done = subprocess.run(
        [sys.executable, str(program), str(tmp_path), str(kills), seed], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"seed {seed}: {done.stderr}"
    assert json.loads(done.stdout)["kills"] >= kills


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_ctrl_c_ends_cleanly_with_a_checkpoint(tmp_path, six_epochs):
    process = start_and_wait(tmp_path / "run", 0.3)
    with pytest.raises(GradsheetError, match="Another process"):
        resume(tmp_path / "run")
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGINT, output
    assert "Traceback" not in output and "--resume" in output
    assert read_status(tmp_path / "run").state == "stopped" and (tmp_path / "run" / "last.pt").exists()
    assert resume(tmp_path / "run").finished
    assert_same_run(tmp_path / "run", six_epochs)


def test_the_stop_file_ends_the_run_and_a_resume_goes_on(tmp_path, few, monkeypatch, whole):
    def stop_after_two(run):
        if run.last.epoch == 2:
            (run.folder / "stop").touch()

    run = train_few(tmp_path / "run", few, monkeypatch, on_epoch=stop_after_two)
    assert not run.finished and len(run.rows) == 2
    assert read_status(tmp_path / "run").state == "stopped"
    assert resume(tmp_path / "run").finished and not (tmp_path / "run" / "stop").exists()
    assert_same_run(tmp_path / "run", whole)


def test_the_logs_numbers_are_those_of_the_weights(tmp_path, few, whole):
    run = load_run(whole)
    for name, row in (("last.pt", run.last), ("best.pt", best_row(run.rows))):
        plain = with_weights(torch.load(whole / name, weights_only=True)["model"])
        loss, correct = plain_evaluate(plain, few.test_images, few.test_labels)
        assert correct == row.test_correct and row.test_accuracy == 100 * correct / len(few.test_images)
        assert loss == pytest.approx(row.test_loss, rel=1e-4)


def test_the_folder_tells_everything(whole, few):
    config = json.loads((whole / "config.json").read_text())
    assert config["recipe"] == asdict(RECIPE) and config["data_label"] == few.label and config["seed"] == 5
    assert {"python", "torch", "torchvision", "numpy"} <= set(config["versions"])
    assert (whole / "epochs.csv").read_text().splitlines()[0] == (
        "epoch,learning_rate,train_loss,train_accuracy,test_loss,test_accuracy,test_correct,seconds,images_per_second"
    )
    status = read_status(whole)
    assert (status.state, status.epoch, status.epochs) == ("finished", 3, 3)
    assert sorted(path.name for path in whole.iterdir() if path.name != ".lock") == [
        "best.pt", "config.json", "epochs.csv", "last.pt", "status.json",
    ]  # fmt: skip


def test_the_same_seed_gives_the_same_run_and_another_another(tmp_path, few, monkeypatch, whole):
    train_few(tmp_path / "again", few, monkeypatch)
    assert_same_run(tmp_path / "again", whole)
    config, data = new_config(RECIPE, "digits", seed=6, device="cpu")
    train_new(tmp_path / "other", config, data)
    with pytest.raises(AssertionError):
        assert_same_run(tmp_path / "other", whole)


def test_a_failing_listener_does_not_end_the_training(tmp_path, few, monkeypatch, whole):
    def fail(run):
        raise OSError("the disk is full")

    assert train_few(tmp_path / "run", few, monkeypatch, on_epoch=fail).finished
    assert_same_run(tmp_path / "run", whole)


def test_a_finished_run_stays_as_it_is(whole, few, monkeypatch):
    before = (whole / "last.pt").read_bytes(), (whole / "epochs.csv").read_bytes()
    monkeypatch.setattr("trainer.train.load", lambda *args, **named: few)
    assert resume(whole).finished
    assert before == ((whole / "last.pt").read_bytes(), (whole / "epochs.csv").read_bytes())


def test_a_target_ends_the_run(tmp_path, few, monkeypatch):
    monkeypatch.setattr("trainer.train.load", lambda *args, **named: few)
    config, data = new_config(RECIPE, "digits", seed=5, device="cpu", target=1.0)
    run = train_new(tmp_path / "run", config, data)
    assert run.reached_target and len(run.rows) < 3 and run.finished


def test_two_processes_cant_write_one_run(whole):
    with locked(whole):
        assert is_running(whole)
        with pytest.raises(GradsheetError, match="Another process"):
            resume(whole)
    assert not is_running(whole)


def test_a_folder_with_a_run_is_not_overwritten(whole, few, monkeypatch):
    with pytest.raises(GradsheetError, match="--resume"):
        train_few(whole, few, monkeypatch)


@pytest.mark.parametrize("name", ["last.pt", "config.json"])
@pytest.mark.parametrize("content", [b"", b"{}", b"not this\n1,2\n", b"\xff\xfe\x00"])
def test_a_damaged_file_is_named(whole, few, monkeypatch, name, content):
    monkeypatch.setattr("trainer.train.load", lambda *args, **named: few)
    (whole / name).write_bytes(content)
    with pytest.raises(GradsheetError, match=name):
        resume(whole)


@pytest.mark.parametrize("content", [b"", b"{}", b"not this\n1,2\n", b"\xff\xfe\x00"])
def test_a_damaged_log_is_named_and_a_resume_writes_it_again(whole, few, monkeypatch, content):
    monkeypatch.setattr("trainer.train.load", lambda *args, **named: few)
    before = (whole / "epochs.csv").read_bytes()
    (whole / "epochs.csv").write_bytes(content)
    with pytest.raises(GradsheetError, match=r"epochs\.csv"):
        load_run(whole)
    resume(whole)
    assert (whole / "epochs.csv").read_bytes() == before


def test_a_folder_without_a_run_is_said_to_be_none(tmp_path):
    with pytest.raises(GradsheetError, match="no run folder"):
        resume(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "content",
    [
        {"rows": [{"epoch": 1}], "model": {}, "momentum": {}},
        {"rows": 3, "model": {}, "momentum": {}},
        {"rows": [], "model": {}, "momentum": {}},
        {"rows": [], "model": {"layers.0.weight": torch.zeros(3)}, "momentum": {}},
    ],
)
def test_another_programs_checkpoint_is_refused(whole, few, monkeypatch, content):
    monkeypatch.setattr("trainer.train.load", lambda *args, **named: few)
    torch.save(content, whole / "last.pt")
    with pytest.raises(GradsheetError, match=r"last\.pt"):
        resume(whole)


def test_a_checkpoint_executes_nothing(tmp_path, whole):
    class Malice:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "made"),)

    torch.save({"rows": [], "model": {}, "momentum": Malice()}, whole / "last.pt")
    with pytest.raises(GradsheetError, match=r"last\.pt"):
        resume(whole)
    assert not (tmp_path / "made").exists()
