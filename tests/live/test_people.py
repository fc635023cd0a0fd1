"""What people do to the sheet while a training goes on: no epoch is lost or doubled, and nothing of theirs is."""

import os
import random
import shutil
from datetime import datetime
from decimal import Decimal

import pytest

from workbook.live.excel import NOTICE
from workbook.live.follow import follow
from workbook.live.launch import OUTPUT
from workbook.live.target import Blocked
from workbook.sheets.training_cells import COLUMNS, FIRST_COLUMN, HEADER_ROW

from . import fake_excel, runs
from .fake_excel import CELLS, HEADERS, FakeExcel, excels
from .training import Training, no_pause, opened, train


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


class _LosesItsTable(FakeExcel):
    left = None  # calls until somebody makes plain cells of the table

    def answer(self, act, about=None):
        if self.left is not None:
            self.left -= 1
            self.table = None if self.left < 0 else self.table
        return super().answer(act, about)


def test_a_table_made_plain_cells_at_any_moment(run, tmp_path):
    runs.add_epochs(run, 3)
    other = runs.make(tmp_path / "other")
    runs.add_epochs(other, 5, seed=1)
    moment, is_lost = 0, True
    while is_lost:
        excel = _LosesItsTable()
        book = opened(excel, no_pause)
        follow(run.folder, book, no_pause)
        excel.left = moment
        book.begin(other.folder)
        follow(other.folder, book, no_pause)
        assert excel.log() == runs.as_cells(other.rows), moment
        moment, is_lost = moment + 1, excel.table is None
    assert moment > 20


@pytest.mark.parametrize(
    "form", ["{:g}".format, "{:,.1f}".format, lambda v: f"{v:g}".replace(".", ","), lambda v: Decimal(round(v, 4))]
)
def test_a_format_that_changes_what_is_read(run, form, monkeypatch):
    """A column formatted as text or as currency hands over something else than was written: that is no reason to
    write for ever, or to take an epoch for missing."""
    excel = FakeExcel()
    real = fake_excel.entered
    monkeypatch.setattr(fake_excel, "entered", lambda value: form(value) if isinstance(value, float) else real(value))
    for epochs in range(1, 6):
        runs.add_epochs(run, 1)
        follow(run.folder, opened(excel))
        shown = [row[0] for row in excel.log() if row[0] != "a note"]
        assert [int(float(cell)) for cell in shown] == [*range(1, epochs + 1)]
        if epochs == 1:
            excel.insert_row(HEADER_ROW + 2, ["a note"])


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
        (protect, "The sheet Training is protected, so nothing"),
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
