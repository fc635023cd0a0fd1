"""The live writer against a workbook that refuses, loses answers, closes, and a process that is killed.

Excel is fake_excel's COM objects; xlwings, between them and the writer, is the real one.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from filelock import FileLock
from openpyxl.utils import get_column_letter
from pyopenvba.apps.excel import ExcelApplication
from xlwings import XlwingsError

from trainer.run import STATUS, Status, write_status
from workbook.live import follow as follow_module
from workbook.live.excel import NOTICE, OpenWorkbook
from workbook.live.excel_errors import Patience, StillBusyError
from workbook.live.follow import CLOSED, DONE, FAILED, FOLLOWED, follow
from workbook.live.launch import OUTPUT, WORKER_LOCK, is_active
from workbook.live.open_book import FAILURES, OpenBook, full_name
from workbook.live.target import Blocked, progress_of, status_line
from workbook.training_layout import COLUMNS, FIRST_COLUMN, HEADER_ROW, SETTINGS
from xlfuncs.errors import GradsheetError

from . import fake_excel, runs
from .fake_excel import CELLS, HEADERS, NAME, REFUSALS, ComError, FakeExcel, excels

FAKE = Path(fake_excel.__file__)


@pytest.fixture
def run(tmp_path):
    return runs.make(tmp_path / "run")


def opened(excel, pause=time.sleep):
    """The open workbook, as the buttons have it."""
    return OpenWorkbook(OpenBook(excel.name, excel.book(), pause))


def no_pause(seconds):
    pass


class Training:
    """Stands for the trainer: whenever the follower pauses, perhaps an epoch more; at last it ends."""

    def __init__(self, run, epochs, seed, monkeypatch):
        self.run, self.epochs, self.random, self.active = run, epochs, random.Random(seed), True
        monkeypatch.setattr(follow_module, "is_active", lambda folder: self.active)
        monkeypatch.setattr(os, "fsync", lambda handle: None)

    def pause(self, seconds):
        if self.random.random() < 0.3 and len(self.run.rows) < self.epochs:
            runs.add_epochs(self.run, min(self.random.randint(1, 3), self.epochs - len(self.run.rows)))
        elif len(self.run.rows) == self.epochs and self.active:
            runs.finish(self.run)
            self.active = False


def train(folder, excel, seed, monkeypatch, epochs=20):
    """A whole training into the workbook; returns its run."""
    training = Training(runs.make(folder), epochs, seed, monkeypatch)
    assert follow(training.run.folder, opened(excel, training.pause), training.pause)
    assert len(training.run.rows) == epochs
    return training.run


@pytest.mark.parametrize("refusals", [0.0, 0.02, 0.1, 0.3, 0.6, 0.8])
def test_every_row_comes_once_and_in_order_whatever_is_refused(tmp_path, monkeypatch, refusals):
    refused = 0
    for seed in range(3 if refusals > 0.5 else 8):
        excel = FakeExcel(refusals=refusals, seed=seed)
        run = train(tmp_path / str(seed), excel, seed, monkeypatch)
        assert excel.log() == runs.as_cells(run.rows)
        assert excel.table[2] == 20
        assert excel.named("status").startswith("Finished") and excel.named("progress") == 1
        assert excel.named("run_folder") == str(run.folder)
        refused += excel.refused
    assert refused > {0.0: -1, 0.02: 10, 0.1: 100, 0.3: 300, 0.6: 400, 0.8: 2000}[refusals]


@pytest.mark.parametrize("kind", REFUSALS, ids=str)
@pytest.mark.parametrize("lost", [False, True])
def test_every_kind_of_refusal_at_every_call(run, kind, lost):
    """Each single call is refused once, before it is done or with its answer lost."""
    runs.add_epochs(run, 3)
    runs.finish(run)
    at, calls = REFUSALS.index(kind) % 3, 9
    while at <= calls:
        excel = FakeExcel(kinds=[kind])
        real = excel.answer

        def refusing(act, about=None, real=real, excel=excel, at=at):
            if excel.calls != at or excel.refused:
                return real(act, about)
            if lost:
                act()
            return excel.refuse()

        excel.answer = refusing
        with excels(excel):
            assert follow(run.folder, opened(excel, no_pause), no_pause)
        assert excel.log() == runs.as_cells(run.rows) and excel.table[2] == 3
        at, calls = at + 3, excel.calls
    assert calls > 30


@pytest.mark.parametrize("seed", range(25))
def test_closed_and_opened_again_at_any_moment(tmp_path, monkeypatch, seed):
    """Each opening starts a new follower; the cells are those that the workbook was saved with."""
    run = runs.make(tmp_path / "run")
    training = Training(run, 15, seed, monkeypatch)
    excel, moments = FakeExcel(refusals=0.2, seed=seed), random.Random(seed)
    with excels(excel):
        while True:
            excel.closes_after = moments.randint(0, 150)
            if follow(run.folder, opened(excel, training.pause), training.pause):
                break
            assert not excel.open
            training.pause(1)  # meanwhile training goes on
            excel.closes_after, excel.open = None, True
    assert excel.log() == runs.as_cells(run.rows) and len(run.rows) == 15


def test_closed_and_opened_while_the_follower_is_at_work(tmp_path, monkeypatch):
    """It finds the book again by its name and goes on, though what it held is dead."""
    excel = FakeExcel()
    training = Training(runs.make(tmp_path / "run"), 15, 1, monkeypatch)

    def pause(seconds):
        training.pause(seconds)
        excel.generation += training.random.random() < 0.2

    with excels(excel):
        assert follow(training.run.folder, opened(excel, pause), pause)
    assert excel.generation > 3
    assert excel.log() == runs.as_cells(training.run.rows)


def test_another_runs_rows_are_taken_away(tmp_path, monkeypatch):
    old, new = runs.make(tmp_path / "old"), runs.make(tmp_path / "new")
    runs.add_epochs(old, 7, seed=1)
    runs.add_epochs(new, 3, seed=2)
    excel = FakeExcel()
    for run in (old, new):
        runs.finish(run)
        opened(excel).begin(run.folder)
        assert follow(run.folder, opened(excel))
    assert excel.log() == runs.as_cells(new.rows) and excel.table[2] == 3


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
    command, environment = follower(cells, run.folder)
    with FileLock(run.folder / WORKER_LOCK):
        for _ in range(6):
            process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)
            runs.add_epochs(run, moments.randint(1, 2))
            if cells.exists() or moments.random() < 0.5:
                time.sleep(moments.uniform(0.3, 1.8))
            os.kill(process.pid, signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
            process.communicate()
    runs.finish(run)
    done = subprocess.run(command, env=environment, capture_output=True, timeout=300, check=False)
    assert done.returncode == DONE, done.stderr
    assert FakeExcel(path=cells).log() == runs.as_cells(run.rows)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork")
@pytest.mark.parametrize("kills", [20, pytest.param(1000, marks=pytest.mark.slow)])
def test_many_kills(tmp_path, monkeypatch, kills):
    """The same with processes that need no time to start, so that each is at work when it is killed."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    monkeypatch.setattr(follow_module, "POLL_SECONDS", 0.01)
    run, cells, moments, at_work = runs.make(tmp_path / "run"), tmp_path / "cells.json", random.Random(7), 0

    def forked():
        process = os.fork()
        if process == 0:
            code = FAILED
            try:
                refusing = FakeExcel(path=cells, refusals=0.1, seed=os.getpid())
                with excels(refusing):
                    code = follow_module.main(["--book", NAME, "--run-dir", str(run.folder)])
            finally:
                os._exit(code)
        return process

    with FileLock(run.folder / WORKER_LOCK):
        for k in range(kills):
            before = cells.stat().st_mtime_ns if cells.exists() else 0
            process = forked()
            if k % max(1, kills // 100) == 0 and len(run.rows) < 400:
                runs.add_epochs(run, moments.randint(1, 3))
            time.sleep(moments.uniform(0.0, 0.3))
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            at_work += cells.exists() and cells.stat().st_mtime_ns != before
            found = FakeExcel(path=cells).epochs() if cells.exists() else []
            wanted = runs.as_cells(run.rows)
            assert all(row in wanted for row in found) and len({row[0] for row in found}) == len(found)
    runs.finish(run)
    _, status = os.waitpid(forked(), 0)
    assert os.waitstatus_to_exitcode(status) == DONE
    assert FakeExcel(path=cells).log() == runs.as_cells(run.rows)
    assert at_work > kills / 4
    print(f"{kills} kills, {at_work} of processes that had written: no row lost or doubled of {len(run.rows)}")


def follower(cells, folder, refusals=0.2):
    """The command of a follower's process, whose Excel is a file, and its environment."""
    command = [sys.executable, str(FAKE), str(cells), str(refusals), "--", "--book", NAME, "--run-dir", str(folder)]
    return command, {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(FAKE.parents[2]), os.environ.get("PYTHONPATH", "")]),
    }


def test_the_book_is_found_among_those_that_are_open(run):
    runs.add_epochs(run, 2)
    runs.finish(run)
    excel = FakeExcel()
    with excels(FakeExcel(name="other.xlsm"), excel):
        assert follow(run.folder, OpenWorkbook.named(NAME, no_pause))
        assert len(excel.log()) == 2
        assert not follow(run.folder, OpenWorkbook.named("elsewhere.xlsm", no_pause))
    with excels():
        assert not follow(run.folder, OpenWorkbook.named(NAME, no_pause))


def test_another_excel_that_answers_nothing_hides_no_book(run):
    runs.add_epochs(run, 2)
    runs.finish(run)
    excel = FakeExcel()
    with excels(FakeExcel(name="other.xlsm", refusals=1.0), excel):
        assert follow(run.folder, OpenWorkbook.named(NAME, no_pause))
    assert len(excel.log()) == 2


def test_windows_that_are_not_found_for_a_while(run, monkeypatch):
    """xlwings finds Excel by its windows; a list that lacks them once proves nothing yet."""
    runs.finish(run)
    excel, looks = FakeExcel(), []
    with excels(excel):
        monkeypatch.setattr(
            fake_excel.windows, "get_excel_hwnds", lambda: iter([] if looks.append(1) or len(looks) < 10 else [1])
        )
        target = OpenWorkbook.named(NAME, no_pause)
        target.begin(run.folder)
        looks.clear()
        monkeypatch.setattr(
            fake_excel.windows, "get_excel_hwnds", lambda: iter([] if looks.append(1) or len(looks) < 4 else [1])
        )
        excel.generation += 1
        assert target.run_folder() == run.folder and len(looks) >= 4


def test_saved_under_another_name(run, monkeypatch):
    """The old name is in no list any more; the book itself says who it is."""
    excel = FakeExcel(kinds=[(-1,)])
    training = Training(run, 10, 3, monkeypatch)

    def pause(seconds):
        training.pause(seconds)
        if len(run.rows) > 3 and excel.name == NAME:
            excel.name, excel.refusals = r"C:\Users\A Student\my copy.xlsm", 0.3

    target = opened(excel, pause)
    with excels(excel):
        assert follow(run.folder, target, pause)
    assert excel.log() == runs.as_cells(run.rows) and target.full_name.endswith("my copy.xlsm")


def test_a_book_whose_folder_xlwings_cannot_tell(run, monkeypatch):
    def unknown(**given):
        raise XlwingsError("Couldn't find your local OneDrive file.")

    monkeypatch.setattr(fake_excel.windows, "fullname_url_to_local_path", unknown)
    runs.finish(run)
    excel = FakeExcel(name="https://d.docs.live.net/1234abcd/lesson.xlsm")
    assert full_name(excel.book()) == "lesson.xlsm"
    with excels(FakeExcel(name="other.xlsm"), excel):
        assert follow(run.folder, OpenWorkbook.named("lesson.xlsm", no_pause))
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
    """The second one asks Excel for nothing and says what it met; without the first one it would have followed."""
    monkeypatch.setattr(follow_module, "HANDOVER_SECONDS", 0.1)
    runs.add_epochs(run, 2)
    runs.finish(run)
    excel, command = FakeExcel(), ["--book", NAME, "--run-dir", str(run.folder)]
    with excels(excel):
        with FileLock(run.folder / follow_module.LOCK):
            assert follow_module.main(command) == FOLLOWED
        assert excel.calls == 0 and excel.log() == []
        assert follow_module.main(command) == DONE
        assert len(excel.log()) == 2


def test_two_followers_at_once(tmp_path, run, monkeypatch):
    """Two processes for one run, as after two presses: one follows, the other ends, and ends what the first one left."""
    cells, answers = tmp_path / "cells.json", []
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    command, environment = follower(cells, run.folder, refusals=0.0)
    with FileLock(run.folder / WORKER_LOCK):
        first = subprocess.Popen(command, env=environment)
        until(lambda: cells.exists() and FakeExcel(path=cells).named("run_folder"))
        second = subprocess.Popen(command, env={**environment, "HANDOVER": "0.5"})
        runs.add_epochs(run, 5)
        answers.append(second.wait(60))
        assert first.poll() is None
        runs.add_epochs(run, 5)
        runs.finish(run)
        until(lambda: len(FakeExcel(path=cells).log()) == 10)
    answers.append(first.wait(60))
    assert answers == [FOLLOWED, DONE]
    assert FakeExcel(path=cells).log() == runs.as_cells(run.rows)


def until(condition):
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


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
        follow(tmp_path / "deleted", opened(FakeExcel()), no_pause)


def test_what_ends_the_follower_is_said_in_the_workbook(run, monkeypatch):
    monkeypatch.setattr(follow_module, "POLL_SECONDS", 0.0)
    (run.folder / "epochs.csv").write_text("broken")
    excel, command = FakeExcel(), ["--book", NAME, "--run-dir", str(run.folder)]
    with excels(excel):
        assert follow_module.main(command) == FAILED
        assert excel.named("status").startswith("Failed: ") and "damaged" in excel.named("status")
        monkeypatch.setattr(follow_module, "status_line", lambda status, run: 1 / 0)
        (run.folder / "epochs.csv").unlink()
        assert follow_module.main(command) == FAILED
    assert "ZeroDivisionError" in excel.named("status") and "the training goes on" in excel.named("status")
    assert "Traceback" in (run.folder / OUTPUT).read_text()


def test_a_process_that_is_gone_is_said(run):
    runs.add_epochs(run, 2)
    excel = FakeExcel()
    assert follow(run.folder, opened(excel))
    assert excel.named("status") == "Interrupted: The process ended; resume the run."
    assert len(excel.log()) == 2


@pytest.mark.parametrize("kind", REFUSALS, ids=str)
def test_a_busy_excel_is_not_a_closed_one(kind):
    """It refuses a thousand calls, then answers; that the book isn't among the open ones is never taken from that."""
    excel = FakeExcel(refusals=2.0, kinds=[kind])
    pauses = []

    def pause(seconds):
        pauses.append(seconds)
        excel.refusals = 0.0 if len(pauses) == 1000 else 2.0

    with excels(excel):
        assert opened(excel, pause).run_folder() is None
        assert len(pauses) == 1000
        pauses.clear()
        excel.refusals = 2.0
        assert OpenWorkbook.named(NAME, pause).run_folder() is None
    assert len(pauses) >= 1000


@pytest.mark.parametrize("code", [fake_excel.DISCONNECTED, fake_excel.UNAVAILABLE, -1])
def test_closed_is_what_no_list_of_the_open_books_has(run, code):
    excel = FakeExcel()
    target = opened(excel, no_pause)
    target.begin(run.folder)
    excel.dead = lambda: ComError(code)
    with excels(excel):  # the objects are dead, but the book is open, opened anew
        excel.generation += 1
        assert target.run_folder() == run.folder
        excel.open = False
        assert not follow(run.folder, target, no_pause)
    excel.open = True
    with excels():  # Excel has ended
        excel.generation += 1
        assert not follow(run.folder, target, no_pause)


def test_an_error_that_xlwings_turns_into_a_key_error(tmp_path, monkeypatch):
    """As it does for tables["EpochLog"] and books["lesson.xlsm"], whatever Excel raised."""
    excel, luck, real = FakeExcel(), random.Random(1), fake_excel.windows.Sheets.__call__

    def refused(sheets, name):
        if luck.random() < 0.9:
            raise KeyError(name)
        return real(sheets, name)

    monkeypatch.setattr(fake_excel.windows.Sheets, "__call__", refused)
    with excels(excel):
        run = train(tmp_path / "run", excel, 1, monkeypatch)
    assert excel.log() == runs.as_cells(run.rows)


@pytest.mark.parametrize("kind", REFUSALS, ids=str)
def test_one_refusal_of_the_table(tmp_path, monkeypatch, kind):
    """What once lost every row: the very call that finds the epoch table is refused."""
    excel, real, refused = FakeExcel(kinds=[kind]), fake_excel.Range.get_ListObject, []

    def refusing(found):
        if len(refused) < 20:
            refused.append(kind)
            excel.refuse()
        return real(found)

    monkeypatch.setattr(fake_excel.Range, "get_ListObject", refusing)
    with excels(excel):
        run = train(tmp_path / "run", excel, 1, monkeypatch)
    assert excel.log() == runs.as_cells(run.rows) and len(refused) == 20


def test_patience_grows_and_has_an_end_only_for_buttons():
    pauses = []
    patience = Patience(pauses.append)
    for _ in range(50):
        patience.wait(None)
    assert pauses[:3] == [0.05, 0.1, 0.2] and pauses[-1] == 2.0
    excel = FakeExcel(refusals=2.0)
    pauses.clear()
    with pytest.raises(StillBusyError, match="Excel is busy"):
        OpenBook(NAME, excel.book(), pauses.append, seconds=10).ask(lambda: excel.book().name)
    assert 10 <= sum(pauses) < 13


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


# What a person does to the sheet meanwhile.


class Person:
    """Sorts, cuts and writes in the sheet while the training goes on. What is written by hand is remembered."""

    NOTE, BESIDE, BELOW = 1, FIRST_COLUMN + len(COLUMNS), 300

    def __init__(self, excel, seed, chance=0.1):
        self.excel, self.random, self.chance, self.notes, self.acts = excel, random.Random(seed), chance, 0, 0
        excel.cells |= {(self.BELOW, FIRST_COLUMN + k): f"below {k}" for k in range(3)}
        self.below = self.BELOW

    def pause(self, seconds):
        if self.random.random() < self.chance:
            self.acts += 1
            top, _, rows, _ = self.excel.table
            act = self.random.choice(
                [self.note, self.blank, self.delete, self.sort, self.type_over, self.copy, self.wipe]
            )
            act(self.random.randint(top + 1, top + rows))

    def note(self, row):
        self.notes += 1
        self.excel.insert_row(row, [f"note {self.notes}", *["x"] * (len(COLUMNS) - 1)])
        self.below += 1

    def blank(self, row):
        self.excel.insert_row(row)
        self.below += 1

    def delete(self, row):
        if self.excel.table[2] > 1 and not str(self.excel.cells.get((row, FIRST_COLUMN))).startswith("note"):
            self.excel.delete_row(row)
            self.below -= 1

    def sort(self, row):
        self.excel.sort(0, self.random.random() < 0.5)

    def type_over(self, row):
        if isinstance(self.excel.cells.get((row, FIRST_COLUMN)), float):
            self.excel.cells[row, FIRST_COLUMN + 2] = self.random.choice([0.5, "best", None])

    def copy(self, row):
        other = self.excel.table[0] + self.random.randint(1, self.excel.table[2])
        both = [self.excel.cells.get((at, FIRST_COLUMN)) for at in (row, other)]
        if all(isinstance(cell, float) for cell in both):
            for k in range(len(COLUMNS)):
                self.excel.cells[other, FIRST_COLUMN + k] = self.excel.cells.get((row, FIRST_COLUMN + k))

    def wipe(self, row):
        if isinstance(self.excel.cells.get((row, FIRST_COLUMN)), float):
            for k in range(len(COLUMNS)):
                self.excel.cells.pop((row, FIRST_COLUMN + k), None)

    def check(self, run):
        """Every epoch once, every note once, and what stands below the table."""
        rows = [row for row in self.excel.block() if any(cell is not None for cell in row)]
        epochs = [row for row in rows if isinstance(row[0], float)]
        assert sorted(epochs) == runs.as_cells(run.rows)
        notes = [row for row in rows if str(row[0]).startswith("note")]
        assert sorted(row[0] for row in notes) == sorted(f"note {k + 1}" for k in range(self.notes))
        assert all(row[1:] == ["x"] * 8 for row in notes)
        assert [self.excel.cells[self.below, FIRST_COLUMN + k] for k in range(3)] == ["below 0", "below 1", "below 2"]


def train_beside(person, folder, seed, monkeypatch, epochs=20):
    training = Training(runs.make(folder), epochs, seed, monkeypatch)

    def pause(seconds):
        training.pause(seconds)
        if training.active:
            person.pause(seconds)

    with excels(person.excel):
        assert follow(training.run.folder, opened(person.excel, pause), pause)
    person.check(training.run)


@pytest.mark.parametrize("refusals", [0.0, 0.2])
def test_rows_inserted_deleted_sorted_copied(tmp_path, monkeypatch, refusals):
    acts = 0
    for seed in range(10):
        person = Person(FakeExcel(refusals=refusals, seed=seed), seed)
        train_beside(person, tmp_path / str(seed), seed, monkeypatch)
        acts += person.acts
    assert acts > 30


@pytest.mark.slow
def test_thousands_of_trainings(tmp_path, monkeypatch):
    """GRADSHEET_TRAININGS of them (2,000), half of them with a person at work, at refusals of 0 to 40 % of the calls."""
    refused = calls = acts = 0
    for seed in range(int(os.environ.get("GRADSHEET_TRAININGS", 2000))):
        excel = FakeExcel(refusals=seed % 21 / 50, seed=seed)
        if seed % 2:
            person = Person(excel, seed)
            train_beside(person, tmp_path / str(seed), seed, monkeypatch)
            acts += person.acts
        else:
            with excels(excel):
                run = train(tmp_path / str(seed), excel, seed, monkeypatch)
            assert excel.log() == runs.as_cells(run.rows), seed
        refused, calls = refused + excel.refused, calls + excel.calls
        shutil.rmtree(tmp_path / str(seed))
    print(f"{seed + 1} trainings, {calls} calls, {refused} refused, {acts} acts of a person: no row lost or doubled")


def test_in_order_they_stay_in_order(run):
    """A table row that was deleted comes back at its place; one that was sorted stays sorted."""
    runs.add_epochs(run, 6)
    runs.finish(run)
    excel = FakeExcel()
    follow(run.folder, opened(excel))
    excel.delete_row(HEADER_ROW + 3)
    follow(run.folder, opened(excel))
    assert excel.log() == runs.as_cells(run.rows)
    excel.sort(0, reverse=True)
    follow(run.folder, opened(excel))
    assert excel.log() == runs.as_cells(run.rows)[::-1]
    excel.delete_row(HEADER_ROW + 1)
    follow(run.folder, opened(excel))
    assert [row[0] for row in excel.log()] == [5, 4, 3, 2, 1, 6]


def test_a_copy_beside_the_table_is_somebodys_own(run):
    runs.add_epochs(run, 4)
    runs.finish(run)
    excel = FakeExcel()
    follow(run.folder, opened(excel))
    for k, value in enumerate(excel.log()[1]):
        excel.cells[HEADER_ROW + 20, FIRST_COLUMN + k] = value
    follow(run.folder, opened(excel))
    assert excel.block()[19] == excel.block()[1]
    for k, value in enumerate(excel.log()[1]):  # within the table it is one too many
        excel.cells[HEADER_ROW + 4, FIRST_COLUMN + k] = value
    follow(run.folder, opened(excel))
    assert excel.block()[:4] == runs.as_cells(run.rows)


def test_a_table_made_plain_cells_and_one_with_more_columns(run):
    runs.add_epochs(run, 3)
    excel = FakeExcel()
    excel.table = None
    follow(run.folder, opened(excel))
    assert excel.log() == runs.as_cells(run.rows)
    wider = FakeExcel()
    wider.table[3] = 11
    follow(run.folder, opened(wider))
    assert wider.log() == runs.as_cells(run.rows) and wider.table == [HEADER_ROW, FIRST_COLUMN, 3, 11]


@pytest.mark.parametrize("form", ["{:g}".format, lambda v: f"{v:g}".replace(".", ","), lambda v: Decimal(round(v, 4))])
def test_a_format_that_changes_what_is_read(run, form, monkeypatch):
    """A column formatted as text or as currency hands over something else than was written: that is no reason to
    write for ever, or to take an epoch for missing."""
    runs.add_epochs(run, 3)
    excel = FakeExcel()
    monkeypatch.setattr(fake_excel, "entered", lambda value: form(value) if isinstance(value, float) else value)
    for _ in range(3):
        follow(run.folder, opened(excel))
    assert [int(float(row[0])) for row in excel.log()] == [1, 2, 3]


def test_dates_instead_of_epochs_are_said(run):
    runs.add_epochs(run, 3)
    excel = FakeExcel()
    opened(excel).begin(run.folder)
    opened(excel).show(run)
    excel.cells[HEADER_ROW + 1, FIRST_COLUMN] = datetime(1900, 1, 1)
    with pytest.raises(Blocked, match="formatted as dates"):
        opened(excel).show(run)


def test_moved_columns_are_said_and_not_written_over(run, monkeypatch):
    runs.add_epochs(run, 3)
    excel = FakeExcel()
    excel.cells[HEADER_ROW, FIRST_COLUMN + 1], excel.cells[HEADER_ROW, FIRST_COLUMN + 2] = "mine", "learning rate"
    said = []

    def pause(seconds):
        said.append(excel.named("status"))
        if len(said) == 3:
            excel.cells[HEADER_ROW, FIRST_COLUMN + 1], excel.cells[HEADER_ROW, FIRST_COLUMN + 2] = HEADERS[1:3]

    with excels(excel):
        assert follow(run.folder, opened(excel, pause), pause)
    assert said[0].startswith("The columns of the epoch table stand in another order")
    assert excel.log() == runs.as_cells(run.rows)


def protect(excel):
    excel.protected = True


def delete_sheet(excel):
    excel.sheet_name = None
    excel.generation += 1


def delete_status(excel):
    del excel.names["status"]


def mend(excel):
    excel.protected, excel.sheet_name, excel.names = False, "Training", dict(CELLS)


@pytest.mark.parametrize("refusals", [0.0, 0.1])
@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (protect, "The sheet Training is protected: unprotect it"),
        (delete_sheet, "The sheet Training was deleted"),
        (delete_status, "The cell that is named status was deleted"),
    ],
)
def test_what_needs_a_person_is_said_where_one_looks(run, monkeypatch, harm, words, refusals):
    """In Excel's status bar, since the sheet can't be written, and in the run's folder; then the rows come."""
    excel, said, moments = FakeExcel(refusals=refusals), [], []
    training = Training(run, 12, 1, monkeypatch)

    def pause(seconds):
        training.pause(seconds)
        moments.append(seconds)
        said.append(excel.status_bar)
        if len(moments) == 8:
            harm(excel)
        if excel.status_bar and said.count(excel.status_bar) == 5:
            mend(excel)

    with excels(excel):
        assert follow(run.folder, opened(excel, pause), pause)
    assert any(str(text).startswith(NOTICE + words) for text in said)
    assert words in (run.folder / OUTPUT).read_text()
    assert excel.log() == runs.as_cells(run.rows) and excel.status_bar is False


def test_a_renamed_sheet_is_still_found(run, monkeypatch):
    excel = FakeExcel()
    excel.sheet_name = "Übung 1"
    runs.add_epochs(run, 3)
    with excels(excel):
        assert follow(run.folder, opened(excel, no_pause), no_pause)
    assert excel.log() == runs.as_cells(run.rows) and excel.status_bar is False


def test_what_excel_never_does_is_said(run, monkeypatch):
    """It answers, nothing seems to stand in the way, and yet it never writes: that is no reason to wait silently."""
    excel, said = FakeExcel(), []
    monkeypatch.setattr(fake_excel.Range, "_insist_on_rights", lambda found: (_ for _ in ()).throw(ComError(-1)))

    def pause(seconds):
        said.append(excel.status_bar)
        if excel.status_bar:
            excel.open = False

    with excels(excel):
        assert not follow(run.folder, opened(excel, pause), pause)
    assert "Excel doesn't let the sheet Training be written" in said[-1] and FAILURES <= len(said) < 6 * FAILURES


def test_a_follower_ends_when_the_sheet_shows_another_run(tmp_path, monkeypatch):
    """Run was pressed again: the old one writes nothing more, and what it wrote last doesn't stay."""
    old, new = runs.make(tmp_path / "old"), runs.make(tmp_path / "new")
    runs.add_epochs(old, 7, seed=1)
    runs.add_epochs(new, 3, seed=2)
    excel, training = FakeExcel(), Training(old, 7, 1, monkeypatch)

    def pause(seconds):
        opened(excel).begin(new.folder)

    training.active = True
    assert not follow(old.folder, opened(excel), pause)
    assert excel.log() == [] and excel.named("run_folder") == str(new.folder)
    opened(excel).show(old)  # too late: it had looked a moment before
    training.active = False
    assert follow(new.folder, opened(excel))
    assert [row for row in excel.block() if row[0]] == runs.as_cells(new.rows)
    with excels(excel):
        assert follow_module.main(["--book", NAME, "--run-dir", str(old.folder)]) == CLOSED


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1+2", "@SUM(A1)", '=HYPERLINK("http://x","y")', "1:05", "'quoted"])
def test_a_status_is_a_text_and_never_a_formula(run, text):
    """Whatever a run folder says."""
    write_status(run.folder, Status(state=text, message=text))
    excel = FakeExcel()
    assert follow(run.folder, opened(excel))
    said = excel.named("status")
    assert isinstance(said, str) and said.startswith(text.capitalize())
    opened(excel).notice(text + "\n" + "x" * 40_000)
    assert isinstance(excel.named("status"), str) and len(excel.named("status")) == 1000


def test_pyopenvbas_excel_takes_it_for_a_text_too():
    app = ExcelApplication()
    app.add_workbook()
    app.add_module(
        'Sub Fill()\n    Range("A1").Value = "=1+1"\n    Range("A2").Value = "\'=1+1"\nEnd Sub\n', name="Module1"
    )
    app.run("Fill")
    assert (app.sheet(1).value("A1"), app.sheet(1).value("A2")) == (2, "=1+1")


def test_xlwings_ends_no_excel_of_its_own_accord():
    """At the end of a process it would end each Excel whose windows it doesn't find; and it repeats calls for ever."""
    code = "\n".join(
        [
            "import atexit",
            "registered = []",
            "atexit.register = lambda call: registered.append(call) or call",
            "atexit.unregister = lambda call: call in registered and registered.remove(call)",
            "from tests.live import fake_excel",
            "print(fake_excel.windows.N_COM_ATTEMPTS, fake_excel.windows.cleanup in registered)",
        ]
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=FAKE.parents[2], check=False
    )
    assert done.stdout.split() == ["1", "False"], done.stderr
