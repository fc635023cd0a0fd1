"""The live writer against a workbook that refuses, loses answers, closes, and a process that is killed.

Excel is fake_excel's COM objects; xlwings, between them and the writer, is the real one.
"""

import random
import subprocess
import sys
import threading
from pathlib import Path

import openpyxl
import pytest
from filelock import FileLock
from openpyxl.utils import get_column_letter
from pyopenvba.apps.excel import ExcelApplication

from trainer.run import STATUS, Status, write_status
from workbook.live import excel as excel_host
from workbook.live import follow as follow_module
from workbook.live.follow import CLOSED, DONE, FAILED, FOLLOWED, follow
from workbook.live.launch import OUTPUT, WORKER_LOCK, is_active
from workbook.live.target import progress_of, status_line
from workbook.sheets.training_cells import SETTINGS
from xlfuncs.errors import GradsheetError

from . import runs
from .fake_excel import CELLS, NAME, REFUSALS, FakeExcel, excels
from .training import Training, no_pause, opened, train, until


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
            assert excel_host.main(command) == FOLLOWED
        assert excel.calls == 0 and excel.log() == []
        assert excel_host.main(command) == DONE
        assert len(excel.log()) == 2


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
        assert excel_host.main(command) == FAILED
        assert excel.named("status").startswith("Failed: ") and "damaged" in excel.named("status")
        monkeypatch.setattr(follow_module, "status_line", lambda status, run: 1 / 0)
        (run.folder / "epochs.csv").unlink()
        assert excel_host.main(command) == FAILED
    assert "ZeroDivisionError" in excel.named("status") and "the training isn't touched" in excel.named("status")
    assert "Traceback" in (run.folder / OUTPUT).read_text()


def test_a_process_that_is_gone_is_said(run):
    runs.add_epochs(run, 2)
    excel = FakeExcel()
    assert follow(run.folder, opened(excel))
    assert excel.named("status") == "Interrupted: The process ended; resume the run."
    assert len(excel.log()) == 2


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
        assert excel_host.main(["--book", NAME, "--run-dir", str(old.folder)]) == CLOSED


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1+2", "@SUM(A1)", '=HYPERLINK("http://x","y")', "1:05", "'quoted"])
def test_a_status_is_a_text_and_never_a_formula(run, text):
    """Whatever a run folder says; the folder's path is one, too."""
    excel = FakeExcel()
    opened(excel).tell(text, 0.5)
    assert excel.named("status") == text and excel.named("progress") == 0.5
    opened(excel).begin(Path(text))
    assert excel.named("run_folder") == str(Path(text)) and opened(excel).run_folder() == Path(text)
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


class Sheet:
    """Another host's open workbook: nothing of Excel's."""

    full_name = "lesson.ods"

    def __init__(self):
        self.folder, self.rows, self.lines, self.said = None, [], [], []

    def begin(self, folder):
        self.folder = folder

    def run_folder(self):
        return self.folder

    def show(self, run):
        self.rows = list(run.rows)

    def tell(self, line, progress):
        self.lines.append((line, progress))

    def notice(self, sentence):
        self.said.append(sentence)


def test_another_host_follows_in_a_thread(run):
    """Once a run: a second follower of the same process leaves the run to the first."""
    runs.add_epochs(run, 3)
    sheet, second, codes = Sheet(), Sheet(), []
    with FileLock(run.folder / WORKER_LOCK):
        first = threading.Thread(target=lambda: codes.append(follow_module.follow_alone(run.folder, sheet)))
        first.start()
        until(lambda: len(sheet.rows) == 3)
        follow_module.HANDOVER_SECONDS, before = 0.1, follow_module.HANDOVER_SECONDS
        try:
            other = threading.Thread(
                target=lambda: codes.append(follow_module.follow_alone(run.folder, second)), daemon=True
            )
            other.start()
            other.join(30)
            assert codes == [FOLLOWED] and second.rows == []
        finally:
            follow_module.HANDOVER_SECONDS = before
        runs.add_epochs(run, 2)
        runs.finish(run)
    first.join(60)
    assert codes == [FOLLOWED, DONE] and sheet.rows == run.rows
    assert sheet.lines[-1][0].startswith("Finished") and sheet.said == []


def test_what_goes_wrong_in_a_thread_is_said_and_raises_nothing(run, monkeypatch):
    sheet = Sheet()
    monkeypatch.setattr(sheet, "show", lambda run: 1 / 0)
    assert follow_module.follow_alone(run.folder, sheet) == FAILED
    assert "fault of gradsheet's own (ZeroDivisionError" in sheet.said[0]
    (run.folder / "config.json").write_text("{}")
    assert follow_module.follow_alone(run.folder, Sheet(), pause=lambda seconds: None) == FAILED
