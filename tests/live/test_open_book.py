"""A workbook that refuses, dies, comes back, changes its name: busy is never taken for closed, nor closed for busy.

Excel is fake_excel's COM objects; xlwings, between them and the writer, is the real one.
"""

import random
import subprocess
import sys
from pathlib import Path

import pytest
from xlwings import XlwingsError

from workbook.live.excel import OpenWorkbook
from workbook.live.excel_errors import Patience
from workbook.live.follow import follow
from workbook.live.open_book import FAILURES, OpenBook, full_name
from workbook.live.target import StillBusyError

from . import fake_excel, runs
from .fake_excel import NAME, REFUSALS, ComError, FakeExcel, excels
from .training import Training, no_pause, opened, train

FAKE = Path(fake_excel.__file__)


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
        opened_by_path = OpenWorkbook.named(r"C:\Users\A Student\lesson.xlsm", no_pause)
        assert opened_by_path.run_folder() == run.folder
    assert excel.named("status").startswith("Finished")


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
