"""The live writer against a workbook that refuses, loses answers, closes, and a process that is killed."""

import inspect
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import openpyxl
import pytest
import xlwings
from filelock import FileLock
from openpyxl.utils import get_column_letter

from trainer.run import STATUS, Status, write_status
from workbook.live import follow as follow_module
from workbook.live.excel import OpenWorkbook, full_name
from workbook.live.follow import follow, insist
from workbook.live.launch import WORKER_LOCK, is_active
from workbook.live.target import Busy, Gone, progress_of, status_line
from workbook.training_layout import SETTINGS
from xlfuncs.errors import GradsheetError

from . import fake_excel, runs
from .fake_excel import CELLS, NAME, App, Book, FakeExcel

FAKE = Path(fake_excel.__file__)


@pytest.fixture
def run(tmp_path):
    return runs.make(tmp_path / "run")


def opened(excel):
    """The open workbook, as the buttons have it."""
    return OpenWorkbook(NAME, Book(excel))


class Training:
    """Stands for the trainer: whenever the follower pauses, perhaps an epoch more; at last it ends."""

    def __init__(self, run, epochs, seed, monkeypatch):
        self.run, self.epochs, self.random, self.active = run, epochs, random.Random(seed), True
        monkeypatch.setattr(follow_module, "is_active", lambda folder: self.active)

    def pause(self, seconds):
        if self.random.random() < 0.3 and len(self.run.rows) < self.epochs:
            runs.add_epochs(self.run, min(self.random.randint(1, 3), self.epochs - len(self.run.rows)))
        elif len(self.run.rows) == self.epochs:
            runs.finish(self.run)
            self.active = False


@pytest.mark.parametrize("refusals", [0.0, 0.2, 0.6, 0.8])
def test_every_row_comes_once_and_in_order_whatever_is_refused(tmp_path, monkeypatch, refusals):
    refused = 0
    for seed in range(12):
        run = runs.make(tmp_path / str(seed))
        training = Training(run, 20, seed, monkeypatch)
        excel = FakeExcel(refusals=refusals, seed=seed)
        assert follow(run.folder, opened(excel), training.pause)
        assert excel.log() == runs.as_cells(run.rows) and len(run.rows) == 20
        assert excel.table_rows == 20
        assert excel.named("status").startswith("Finished") and excel.named("progress") == 1
        assert excel.named("run_folder") == str(run.folder)
        refused += excel.refused
    assert refused > {0.0: -1, 0.2: 50, 0.6: 500, 0.8: 3000}[refusals]


@pytest.mark.parametrize("seed", range(25))
def test_closed_and_opened_again_at_any_moment(tmp_path, monkeypatch, seed):
    """Each opening starts a new follower; the cells are those that the workbook was saved with."""
    run = runs.make(tmp_path / "run")
    training = Training(run, 15, seed, monkeypatch)
    excel, moments = FakeExcel(refusals=0.3, seed=seed), random.Random(seed)
    while True:
        excel.closes_after = moments.randint(0, 60)
        if follow(run.folder, opened(excel), training.pause):
            break
        training.pause(1)  # meanwhile training goes on
        excel.closes_after = None
    excel.closes_after = None
    assert excel.log() == runs.as_cells(run.rows) and len(run.rows) == 15


def test_another_runs_rows_are_taken_away(tmp_path, monkeypatch):
    old, new = runs.make(tmp_path / "old"), runs.make(tmp_path / "new")
    runs.add_epochs(old, 7, seed=1)
    runs.add_epochs(new, 3, seed=2)
    excel = FakeExcel()
    for run in (old, new):
        runs.finish(run)
        assert follow(run.folder, opened(excel))
    assert excel.log() == runs.as_cells(new.rows) and excel.table_rows == 3


def test_rows_deleted_by_hand_come_again(run):
    runs.add_epochs(run, 6)
    runs.finish(run)
    excel = FakeExcel()
    follow(run.folder, opened(excel))
    for column in range(9):
        del excel.cells[16, 2 + column]
    follow(run.folder, opened(excel))
    assert excel.log() == runs.as_cells(run.rows)


def test_the_follower_killed_at_random_moments(tmp_path):
    """Real processes, ended by SIGKILL; the cells are a file that each leaves as it is at that moment."""
    run, cells = runs.make(tmp_path / "run"), tmp_path / "cells.json"
    moments = random.Random(5)
    command = [sys.executable, str(FAKE), str(cells), "--", "--book", NAME, "--run-dir", str(run.folder)]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(FAKE.parents[2]), os.environ.get("PYTHONPATH", "")]),
    }
    with FileLock(run.folder / WORKER_LOCK):
        for _ in range(8):
            process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)
            runs.add_epochs(run, moments.randint(1, 2))
            if cells.exists() or moments.random() < 0.5:
                time.sleep(moments.uniform(0.2, 1.5))
            os.kill(process.pid, signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
            process.communicate()
    runs.finish(run)
    done = subprocess.run(command, env=environment, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert FakeExcel(path=cells).log() == runs.as_cells(run.rows)


def test_the_book_is_found_among_those_that_are_open(run, monkeypatch):
    runs.add_epochs(run, 2)
    runs.finish(run)
    excel = FakeExcel()
    monkeypatch.setattr(xlwings, "apps", [App(), App(Book(FakeExcel(), "other.xlsm"), Book(excel))])
    assert follow(run.folder, OpenWorkbook(NAME))
    assert len(excel.log()) == 2
    assert not follow(run.folder, OpenWorkbook("elsewhere.xlsm"))


def test_a_book_whose_folder_xlwings_cannot_tell(run, monkeypatch):
    class Clouded(Book):
        name = "lesson.xlsm"

        def __init__(self, excel):
            super().__init__(excel)
            del self.fullname

        def __getattr__(self, attribute):
            raise xlwings.XlwingsError("Couldn't find your local OneDrive file.")

    runs.finish(run)
    excel = FakeExcel()
    monkeypatch.setattr(xlwings, "apps", [App(Book(FakeExcel(), "other.xlsm"), Clouded(excel))])
    assert follow(run.folder, OpenWorkbook("lesson.xlsm"))
    assert excel.named("status").startswith("Finished")


def test_a_file_that_is_being_replaced_is_read_again(run, monkeypatch):
    runs.add_epochs(run, 3)
    runs.finish(run)
    reads = iter([GradsheetError("can't be read")] * 4)
    real = follow_module.read

    def refusing(folder):
        for error in reads:
            raise error
        return real(folder)

    monkeypatch.setattr(follow_module, "read", refusing)
    excel = FakeExcel()
    assert follow(run.folder, opened(excel), lambda seconds: None)
    assert excel.log() == runs.as_cells(run.rows)
    (run.folder / "epochs.csv").write_text("broken")
    monkeypatch.setattr(follow_module, "read", real)
    with pytest.raises(GradsheetError, match="damaged"):
        follow(run.folder, opened(excel), lambda seconds: None)


def test_only_one_follower_a_run(run, monkeypatch):
    monkeypatch.setattr(follow_module, "HANDOVER_SECONDS", 0.1)
    monkeypatch.setattr(xlwings, "apps", [])
    with FileLock(run.folder / follow_module.LOCK):
        assert follow_module.main(["--book", NAME, "--run-dir", str(run.folder)]) is None


def test_what_went_wrong_before_there_was_a_run(tmp_path):
    write_status(tmp_path, Status("failed", message="There is no MNIST here; put four files there."))
    excel = FakeExcel()
    assert follow(tmp_path, opened(excel))
    assert excel.named("status") == "Failed: There is no MNIST here; put four files there."


def test_a_process_that_left_no_status_is_said(tmp_path):
    excel = FakeExcel()
    assert follow(tmp_path, opened(excel))
    said = excel.named("status")
    assert said.startswith("Interrupted: The process ended before it trained") and "output.txt" in said


def test_a_deleted_run_folder_is_said(tmp_path):
    with pytest.raises(GradsheetError, match="is gone; the rows stay"):
        follow(tmp_path / "deleted", opened(FakeExcel()), lambda seconds: None)


def test_a_process_that_is_gone_is_said(run):
    runs.add_epochs(run, 2)
    excel = FakeExcel()
    assert follow(run.folder, opened(excel))
    assert excel.named("status") == "Interrupted: The process ended; resume the run."
    assert len(excel.log()) == 2


def test_a_busy_excel_is_not_a_closed_one():
    excel = FakeExcel()
    for code in fake_excel.BUSY_CODES:
        excel.answer = lambda act=None, code=code: (_ for _ in ()).throw(fake_excel.ComError(code))
        with pytest.raises(Busy):
            opened(excel).run_folder()
    for form in (
        fake_excel.ComError(-2147352567, inner=fake_excel.BUSY_CODES[1]),
        AttributeError("'NoneType' object has no attribute 'Range'", name="Range", obj=None),
    ):
        excel.answer = lambda act=None, form=form: (_ for _ in ()).throw(form)
        with pytest.raises(Busy):
            opened(excel).run_folder()
    for form in (fake_excel.ComError(-2147352567, inner=-2146827284), AttributeError("gone", name="x", obj=excel)):
        excel.answer = lambda act=None, form=form: (_ for _ in ()).throw(form)
        with pytest.raises(Gone):
            opened(excel).run_folder()
    for code in (*fake_excel.GONE_CODES, -1):
        excel.answer = lambda act=None, code=code: (_ for _ in ()).throw(fake_excel.ComError(code))
        with pytest.raises(Gone):
            opened(excel).run_folder()


def test_what_xlwings_makes_of_a_refused_call():
    """Its own wrapper of COM objects, with stubs for Windows: the call answers None, and Excel is busy, not closed."""
    code = """if True:
        from tests import classic_xlwings  # its stubs
        import pywintypes
        from xlwings import _xlwindows
        from workbook.live.excel import _refused

        class Worksheets:
            def __call__(self, name):
                error = pywintypes.com_error(-2147418111)
                error.hresult = -2147418111
                raise error

        try:
            _xlwindows.COMRetryObjectWrapper(Worksheets())("Training").Range
        except AttributeError as error:
            print(_refused(error))
    """
    done = subprocess.run(
        [sys.executable, "-c", code], input="[]", capture_output=True, text=True, cwd=FAKE.parents[2], check=False
    )
    assert done.stdout.split()[-1:] == ["True"], done.stderr


def test_a_name_that_is_asked_for_while_excel_is_busy():
    class Refusing(Book):
        name = "gradsheet.xlsm"
        fullname = property(lambda self: None.FullName, lambda self, value: None)

    with pytest.raises(AttributeError):  # not the short name, by which the book would not be found
        full_name(Refusing(FakeExcel()))


def test_patience_grows_and_has_no_end():
    pauses, answers = [], iter([False] * 50 + [True])

    def call():
        if not next(answers):
            raise Busy
        return "done"

    assert insist(call, pauses.append) == "done"
    assert len(pauses) == 50 and pauses[:3] == [0.05, 0.1, 0.2] and pauses[-1] == 2.0


def test_the_status_in_words(run):
    runs.add_epochs(run, 2)
    status = Status("running", 3, 20, 5, 10, 4512.3, 65.2)
    assert status_line(status, run) == "Running · epoch 3 of 20 · 4,512 images/s · 1:05 left · a processor"
    assert progress_of(status, run) == pytest.approx(2.5 / 20)
    assert status_line(Status("stopped"), run) == "Stopped after 2 epochs; Resume goes on from there."
    assert status_line(Status("starting"), None) == "Starting" and progress_of(Status("starting"), None) == 0


def test_names_are_the_built_books(macro_book):
    sheet = openpyxl.load_workbook(macro_book)["Training"]
    for name, (row, column) in CELLS.items():
        where = f"'Training'!${get_column_letter(column)}${row}"
        assert sheet.defined_names[name].attr_text == where
    assert {setting.name for setting in SETTINGS} < set(CELLS)
    assert "EpochLog" in sheet.tables


def test_the_fake_has_the_interface_of_xlwings():
    for name in ("offset", "resize", "clear_contents"):
        theirs = list(inspect.signature(getattr(xlwings.Range, name)).parameters)
        assert list(inspect.signature(getattr(fake_excel.Range, name)).parameters) == theirs, name
    assert list(inspect.signature(xlwings.main.Table.resize).parameters) == ["self", "range"]
    assert isinstance(xlwings.Range.value, property) and isinstance(xlwings.Book.fullname, property)
    assert isinstance(xlwings.Book.sheets, property) and isinstance(xlwings.App.books, property)


def test_following_loads_no_torch():
    code = "import sys, workbook.live.follow, workbook.live.excel, workbook.live.buttons; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_activity_is_a_lock(tmp_path):
    assert not is_active(tmp_path)
    with FileLock(tmp_path / WORKER_LOCK):
        assert is_active(tmp_path)
    assert not is_active(tmp_path)
    assert not (tmp_path / STATUS).exists()
