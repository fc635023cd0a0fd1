"""The buttons: settings, one training at a time, stop and resume, what goes wrong; with real detached processes."""

import argparse
import inspect
import os
import signal
import subprocess
import sys
import time

import pytest
import xlwings

from trainer import cli, train
from trainer.recipes import RECIPES
from trainer.run import load_run, read_status
from workbook.live import buttons, launch
from workbook.live import excel as excel_host
from workbook.live.excel import OpenWorkbook
from workbook.live.follow import follow
from workbook.sheets.training_cells import SETTINGS

from . import runs
from .fake_excel import CELLS, NAME, FakeExcel, excels

DIV0, SPILL, OTHER = -2146826281, -2146826243, -2146826200  # as COM hands them over; xlwings knows the first only
PATIENCE = 300  # seconds, on a loaded machine


@pytest.fixture
def excel(monkeypatch, tmp_path):
    """The workbook whose buttons are pressed; followers are not started but written down."""
    fake = FakeExcel()
    fake.followed = []
    monkeypatch.setattr(xlwings.Book, "caller", staticmethod(fake.book))
    monkeypatch.setattr(
        excel_host, "start_follower", lambda folder, book: fake.followed.append((folder, book.full_name))
    )
    monkeypatch.setenv("GRADSHEET_HOME", str(tmp_path / "home"))
    with excels(fake):
        yield fake
    folder = folder_of(fake)
    if folder and folder.is_dir() and launch.is_active(folder):
        (folder / "stop").touch()
        until(lambda: not launch.is_active(folder))


def folder_of(fake):
    return buttons.Path(fake.named("run_folder")) if fake.named("run_folder") else None


def until(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def set_cells(fake, **values):
    for name, value in values.items():
        fake.cells[CELLS[name]] = value


def bring(fake):
    assert follow(folder_of(fake), OpenWorkbook.named(NAME))
    return fake.log()


def test_run_stop_and_resume(excel):
    set_cells(excel, dataset="digits", epochs=400.0, batch_size=128.0)
    buttons.run()
    folder = folder_of(excel)
    assert launch.is_active(folder)  # at once: a second click finds it at work
    assert excel.followed == [(folder, NAME)]
    buttons.run()
    assert excel.named("status") == "A training is already running; press Stop first."
    assert folder_of(excel) == folder and len(list(folder.parent.iterdir())) == 1
    buttons.resume()
    assert excel.named("status") == "The training is still running."
    until(lambda: (folder / "epochs.csv").exists() and load_run(folder).rows)
    buttons.stop()
    until(lambda: not launch.is_active(folder))
    assert read_status(folder).state == "stopped"
    stopped = load_run(folder)
    assert 1 <= len(stopped.rows) < 400 and stopped.config.recipe.batch_size == 128
    assert bring(excel) == runs.as_cells(stopped.rows)
    assert "Resume" in excel.named("status")
    buttons.stop()
    assert excel.named("status") == "No training is running."

    buttons.resume()
    assert launch.is_active(folder) and folder_of(excel) == folder
    until(lambda: len(load_run(folder).rows) > len(stopped.rows))
    buttons.stop()
    until(lambda: not launch.is_active(folder))
    rows = load_run(folder).rows
    assert rows[: len(stopped.rows)] == stopped.rows
    assert bring(excel) == runs.as_cells(rows)


def test_a_stop_while_torch_is_still_loading(excel):
    set_cells(excel, dataset="digits", epochs=400.0)
    for start, epochs in ((buttons.run, 0), (buttons.resume, 0)):
        start()
        buttons.stop()
        folder = folder_of(excel)
        until(lambda folder=folder: not launch.is_active(folder))
        assert read_status(folder).state == "stopped" and len(load_run(folder).rows) == epochs
        assert not (folder / "stop").exists()


def test_training_outlives_the_process_that_started_it(tmp_path):
    """As Excel's: the parent and its session are gone while the worker trains on."""
    code = (
        "import pathlib, os; from workbook.live import launch; folder = pathlib.Path(os.environ['RUN'])\n"
        "launch.start_worker(folder, ['--dataset', 'digits', '--epochs', '2']); assert launch.is_active(folder)"
    )
    folder = tmp_path / "run"
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, "RUN": str(folder)}, check=False)
    assert done.returncode == 0
    until(lambda: not launch.is_active(folder))
    assert read_status(folder).state == "finished" and len(load_run(folder).rows) == 2


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_a_killed_training_is_resumed(excel):
    set_cells(excel, dataset="digits", epochs=300.0)
    buttons.run()
    folder = folder_of(excel)
    until(lambda: (folder / "epochs.csv").exists() and load_run(folder).rows)
    found = subprocess.run(["pgrep", "-f", f"workbook.live.worker --folder {folder}"], capture_output=True, text=True)
    for process in found.stdout.split():
        os.kill(int(process), signal.SIGKILL)
    until(lambda: not launch.is_active(folder))
    rows = bring(excel)
    assert excel.named("status") == "Interrupted: The process ended; resume the run."
    buttons.resume()
    until(lambda: len(load_run(folder).rows) > len(rows))
    buttons.stop()
    until(lambda: not launch.is_active(folder))
    assert bring(excel)[: len(rows)] == rows


def test_no_cuda_is_one_sentence(excel):
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("there is CUDA here")
    set_cells(excel, dataset="digits", device="cuda")
    buttons.run()
    until(lambda: not launch.is_active(folder_of(excel)))
    assert bring(excel) == []
    said = excel.named("status")
    assert said.startswith("Failed: ") and "cuda can't be used" in said and "\n" not in said


def test_damaged_data_is_one_sentence(excel, tmp_path):
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name in ("train-images", "train-labels", "t10k-images", "t10k-labels"):
        kind = "idx3" if "images" in name else "idx1"
        (raw / f"{name}-{kind}-ubyte").write_bytes(b"not MNIST")
    set_cells(excel, data_folder=str(tmp_path))
    buttons.run()
    until(lambda: not launch.is_active(folder_of(excel)))
    assert bring(excel) == []
    said = excel.named("status")
    assert said.startswith("Failed: ") and "ubyte" in said and "\n" not in said


def test_what_there_is_nothing_to_do_for(excel, tmp_path):
    buttons.stop()
    assert excel.named("status") == "No training was started from this workbook yet; press Run Training."
    empty = tmp_path / "home" / "runs" / "deleted"
    set_cells(excel, run_folder=str(empty))
    for button in (buttons.stop, buttons.resume, buttons.open_folder, buttons.opened):
        set_cells(excel, status="")
        button()
        assert excel.named("status") == f"The run's folder {empty} is gone; the rows stay as they are."
    empty.mkdir(parents=True)
    buttons.resume()
    assert "nothing to resume" in excel.named("status")
    run = runs.make(tmp_path / "home" / "runs" / "done")
    runs.add_epochs(run, run.config.recipe.epochs)
    set_cells(excel, run_folder=str(run.folder))
    buttons.resume()
    assert excel.named("status").startswith("The run is finished: 20 epochs are done.")
    assert excel.followed == []
    buttons.opened()
    assert excel.followed == [(run.folder, NAME)]


FOREIGN = [
    "{tmp}/a stranger's",
    "{home}/runs",
    "{home}/runs/../elsewhere",
    "{home}/runs and more/run",
    "runs/run",
    "//server.example/share/run",
    r"\\server.example\share\run",
    r"C:\Users\Somebody\gradsheet\runs\run",
    "file:///tmp/run",
    "\0",
]


@pytest.mark.parametrize("named", FOREIGN, ids=repr)
def test_a_run_that_a_strangers_workbook_names_is_left_alone(excel, named, tmp_path, monkeypatch):
    """Not followed, resumed, stopped nor shown; and the disk isn't asked: on a server, the question alone tells."""
    home, asked = tmp_path / "home", []
    folder = named.format(tmp=tmp_path, home=home)
    if folder.startswith(str(tmp_path)):
        run = runs.make(buttons.Path(folder))
        runs.add_epochs(run, 2)
        (run.folder / launch.WORKER_LOCK).touch()
    set_cells(excel, run_folder=folder)
    with monkeypatch.context() as patched:
        for name in ("exists", "is_dir", "is_file", "touch", "resolve"):
            patched.setattr(buttons.Path, name, lambda path, *_, name=name, **__: asked.append((name, str(path))))
        patched.setattr(launch.subprocess, "Popen", lambda *_, **__: pytest.fail("something was started"))
        for button in (buttons.stop, buttons.resume, buttons.open_folder, buttons.opened):
            set_cells(excel, status="")
            button()
            said = excel.named("status")
            assert said.startswith(f"The run's folder {buttons.Path(folder)} is not in your own runs folder {home}")
            assert said.endswith("the rows stay as they are. Run Training starts a new run.")
    assert excel.followed == [] and asked == [] and excel.named("run_folder") == folder
    set_cells(excel, run_folder=None)


def test_training_starts_anew_in_a_strangers_workbook(excel, tmp_path, monkeypatch):
    started = []
    monkeypatch.setattr(launch, "start_worker", lambda folder, chosen: started.append(folder))
    monkeypatch.setattr(launch, "is_active", lambda folder: pytest.fail("the stranger's folder was asked"))
    set_cells(excel, run_folder=str(tmp_path / "a stranger's"))
    buttons.run()
    assert started == [folder_of(excel)] and launch.is_own(started[0])
    assert excel.followed == [(started[0], NAME)]
    set_cells(excel, run_folder=None)


def test_own_runs_are_told_by_their_names_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADSHEET_HOME", str(tmp_path))
    assert launch.is_own(tmp_path / "runs" / "a") and launch.is_own(tmp_path / "runs" / "x" / ".." / "a")
    assert not launch.is_own(tmp_path / "runs" / "a" / ".." / ".." / "runs2" / "a")
    monkeypatch.chdir(tmp_path)
    assert not launch.is_own(buttons.Path("runs/a"))


class OtherHost:
    """A host that isn't Excel, with one workbook."""

    full_name = "lesson.ods"

    def __init__(self, folder):
        self.folder, self.said, self.followed = folder, [], []

    def pressed(self):
        return self

    def start_follower(self, folder, target):
        self.followed.append((folder, target))

    def run_folder(self):
        return self.folder

    def notice(self, sentence):
        self.said.append(sentence)


def test_another_host_needs_neither_excel_nor_xlwings(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADSHEET_HOME", str(tmp_path))
    monkeypatch.setattr(buttons, "EXCEL", "no.such.module")
    run = runs.make(tmp_path / "runs" / "one")
    host = OtherHost(run.folder)
    buttons.opened(host)
    buttons.stop(host)
    assert host.followed == [(run.folder, host)] and host.said == ["No training is running."]
    code = "import sys, workbook.live.buttons, workbook.live.follow; sys.exit('xlwings' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_built_workbooks_call():
    """buttons.bas of every workbook that is out there: `from workbook.live import buttons; buttons.run()`."""
    for name in ("run", "stop", "resume", "open_folder", "opened"):
        inspect.signature(getattr(buttons, name)).bind()


DEFAULTS = {setting.name: setting.default for setting in SETTINGS}


def test_settings_become_arguments():
    assert buttons.arguments(DEFAULTS) == [
        *("--dataset", "mnist", "--recipe", "quick", "--device", "auto", "--seed", "1"),
    ]
    given = {
        **DEFAULTS,
        "seed": 7.0,
        "epochs": 3.0,
        "batch_size": 32.0,
        "learning_rate": 0.05,
        "data_folder": "C:\\My data",
    }
    assert buttons.arguments(given)[6:] == [
        *("--seed", "7", "--epochs", "3", "--batch-size", "32", "--lr", "0.05", "--data-dir", "C:\\My data"),
    ]
    for recipe in RECIPES:
        assert buttons.arguments({**DEFAULTS, "recipe": recipe})[3] == recipe


def test_the_worker_understands_every_setting():
    """Each reaches the option that it is meant for, and a sheet without a change trains as the command line does."""
    given = {**DEFAULTS, "epochs": 3.0, "batch_size": 32.0, "learning_rate": 0.05, "data_folder": "C:\\My data"}
    parser = argparse.ArgumentParser()
    cli.add_arguments(parser)
    args = parser.parse_args(buttons.arguments(given))
    assert (args.epochs, args.batch_size, args.learning_rate, str(args.data_dir)) == (3, 32, 0.05, "C:\\My data")
    assert (args.recipe, args.dataset, args.device, args.seed) == ("quick", "mnist", "auto", 1)
    parameters = inspect.signature(train.new_config).parameters
    assert {name: DEFAULTS[name] for name in ("dataset", "device", "seed")} == {
        name: parameters[name].default for name in ("dataset", "device", "seed")
    }


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"recipe": "foo"}, "Recipe is 'foo'; choose published, quick or best."),
        ({"dataset": None}, "Data is blank"),
        ({"device": 3.0}, "Device is 3;"),
        ({"epochs": 0.0}, "Epochs is 0;"),
        ({"epochs": 2.5}, "Epochs is 2.5; give a whole number"),
        ({"epochs": "ten"}, "Epochs is 'ten'; give a whole number"),
        ({"epochs": True}, "Epochs is True"),
        ({"learning_rate": -1.0}, "Learning rate is -1;"),
        ({"seed": -1.0}, "Seed is -1;"),
        ({"batch_size": float("nan")}, "Batch size is nan"),
        ({"batch_size": float("inf")}, "Batch size is inf"),
        ({"epochs": DIV0}, "Epochs holds the error #DIV/0!; mend its formula, or write the value itself."),
        ({"batch_size": SPILL}, "Batch size holds the error #SPILL!; mend"),
        ({"batch_size": OTHER}, "Batch size holds the error number 2088; mend"),
        ({"learning_rate": -2146826246}, "Learning rate holds the error #N/A; mend"),
        ({"seed": -2146826265}, "Seed holds the error #REF!; mend"),
        ({"recipe": -2146826259}, "Recipe holds the error #NAME?; mend"),
        ({"data_folder": "#REF!"}, "Data folder holds the error #REF!; mend"),
    ],
)
def test_a_bad_setting_is_one_sentence_and_starts_nothing(excel, cells, words):
    set_cells(excel, **cells)
    buttons.run()
    assert words in excel.named("status")
    assert excel.named("run_folder") is None and excel.followed == []


BUTTONS = (buttons.run, buttons.stop, buttons.resume, buttons.open_folder, buttons.opened)


@pytest.mark.parametrize("button", BUTTONS, ids=lambda button: button.__name__)
def test_a_sheet_that_cannot_be_written_is_said_in_excels_status_bar(excel, button, tmp_path):
    """No dialog: nothing is raised. And nothing is started that the sheet couldn't show."""
    excel.protected = True
    set_cells(excel, dataset="digits")
    button()
    assert excel.status_bar.startswith("gradsheet: ")
    started = tmp_path / "home"
    assert excel.followed == [] and not (started.exists() and list(started.rglob("output.txt")))
    excel.protected = False
    buttons.stop()
    excel.protected, excel.sheet_name, excel.generation = False, None, 1
    button()
    assert (
        excel.status_bar
        == "gradsheet: The sheet Training was deleted, so nothing can be shown; build the workbook again."
    )


@pytest.mark.parametrize("button", BUTTONS, ids=lambda button: button.__name__)
def test_an_excel_that_closes_or_never_answers_is_no_dialog(excel, button, monkeypatch):
    slept = []
    monkeypatch.setattr(launch, "start_worker", lambda folder, chosen: folder.mkdir(parents=True))
    monkeypatch.setattr(time, "sleep", slept.append)
    excel.refusals = 2.0
    button()
    excel.refusals, excel.closes_after = 0.0, 6
    button()
    excel.closes_after, excel.open = None, True
    monkeypatch.setattr(excel_host, "start_follower", lambda folder, book: setattr(excel, "refusals", 2.0))
    button()
    monkeypatch.setattr(xlwings.Book, "caller", staticmethod(lambda: (_ for _ in ()).throw(KeyError("lesson.xlsm"))))
    button()
    assert 10 < sum(slept) < 4 * 13  # Excel waits for a button


def test_a_fault_of_our_own_is_a_sentence_too(excel, monkeypatch, tmp_path):
    monkeypatch.setattr(launch, "is_active", lambda folder: 1 / 0)
    folder = tmp_path / "home" / "runs" / "one"
    folder.mkdir(parents=True)
    set_cells(excel, run_folder=str(folder))
    buttons.stop()
    assert excel.named("status").startswith("This is a fault of gradsheet's own; please report it (ZeroDivisionError")
    monkeypatch.setattr(launch, "is_active", lambda folder: os.stat("/nowhere/at all"))
    buttons.stop()
    assert excel.named("status") == "/nowhere/at all does not exist; check the name."
    set_cells(excel, run_folder=None)


@pytest.mark.parametrize("rate", [0.1, 0.3])
def test_buttons_in_a_busy_excel(excel, rate, monkeypatch):
    monkeypatch.setattr(excel_host, "PATIENCE_SECONDS", 60.0)
    monkeypatch.setattr(launch, "start_worker", lambda folder, chosen: folder.mkdir(parents=True))
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    excel.refusals = rate
    buttons.run()
    assert excel.refused and excel.followed == [(folder_of(excel), NAME)]
    assert excel.named("status") == "Starting …"


def test_a_new_run_leaves_what_somebody_wrote(excel, monkeypatch):
    """The old run's epochs go; a note between them stays, and one below the table."""
    monkeypatch.setattr(launch, "start_worker", lambda folder, chosen: folder.mkdir(parents=True))
    buttons.run()
    run = runs.make(folder_of(excel))
    runs.add_epochs(run, 5)
    runs.finish(run)
    bring(excel)
    excel.insert_row(15, ["my note"])
    excel.cells[40, 3] = "below"
    (run.folder / "status.json").unlink()
    buttons.run()
    assert folder_of(excel) != run.folder
    block = excel.block()
    assert [row[0] for row in block if row[0]] == ["my note"] and "below" in block[-1]
    assert excel.table[2] == 3  # up to the note
