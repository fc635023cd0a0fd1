"""The sheet Training in Calc: buttons by dispatch, live rows, kills, and what people do to the sheet meanwhile."""

import os
import shutil
import signal

import pytest
from filelock import FileLock

from tests.live import runs
from trainer.run import load_run, read_status
from workbook.live.launch import WORKER_LOCK, is_active

from .office import until

LOG = "B13:J{}"


def rows(office, count=40):
    """The epoch rows that the sheet shows."""
    return [row for row in office.cells("t", LOG.format(12 + count), "Training") if row[0] != ""]


def is_log(shown, made):
    """Whether the rows are the log's; Calc writes 15 digits into a file."""
    wanted = runs.as_cells(made)
    return len(shown) == len(wanted) and all(
        a == pytest.approx(b, rel=1e-13) for a, b in zip(shown, wanted, strict=True)
    )


def status(office):
    return office.named("t", "status")[0]


def folder_of(office):
    (written,) = office.named("t", "run_folder")
    return type(office.home)(written)


@pytest.fixture
def opened(office, lesson):
    office.open_book("t", str(lesson))
    yield office
    if office.process.poll() is None:
        office.close("t")


@pytest.fixture
def run(office):
    """A run of this user's, at work as long as `lock` is held; made without training."""
    folder = office.home / "runs" / "made"
    made = runs.make(folder)
    with FileLock(folder / WORKER_LOCK):
        yield made
    shutil.rmtree(folder)


def show(office, run):
    """Open the workbook as one that shows the run."""
    office.set_named("t", {"run_folder": str(run.folder)})
    path = str(office.folder / "shows.xlsx")
    office.save("t", path)
    office.close("t")
    office.open_book("t", path)


def test_buttons_train_the_digits_and_kills_lose_nothing(office, lesson):
    """Run, a second Run, LibreOffice killed, reopened; the trainer killed, Resume, Stop: the sheet is the log."""
    office.open_book("t", str(lesson))
    assert not office.is_modified("t")
    labels = [[label, address] for label, address, *_ in office.buttons("t")]
    does = ("run", "stop", "resume", "open_folder")
    captions = ("Run Training", "Stop", "Resume", "Open run folder")
    assert labels == [[caption, f"gradsheet:{name}"] for caption, name in zip(captions, does, strict=True)]
    earlier = set((office.home / "runs").glob("*"))  # of other tests
    office.set_named("t", {"dataset": "digits", "epochs": 400.0, "batch_size": 128.0})
    office.press("t", "gradsheet:run")
    folder = until(lambda: (written := folder_of(office)) and is_active(written) and written)
    assert folder.parent == office.home / "runs"
    office.press("t", "gradsheet:run")
    until(lambda: rows(office))
    assert len(set(folder.parent.iterdir()) - earlier) == 1 and len(office.workers()) == 1
    assert "128" in (folder / "config.json").read_text()
    saved = str(office.folder / "saved.xlsx")
    office.save("t", saved)

    office.kill()
    before = len(load_run(folder).rows)
    (worker,) = office.workers()  # it trains on
    until(lambda: len(load_run(folder).rows) > before)
    office.start()
    office.open_book("t", saved)
    until(lambda: len(rows(office)) > before)
    assert len(office.buttons("t")) == 4

    os.kill(worker, signal.SIGKILL)
    until(lambda: status(office) == "Interrupted: The process ended; resume the run.")
    killed = load_run(folder).rows
    assert is_log(rows(office, 400), killed)
    office.press("t", "gradsheet:resume")
    until(lambda: len(rows(office, 400)) > len(killed))
    (bridge,) = office.bridges()
    os.kill(bridge, signal.SIGKILL)  # with it, the thread that brings the rows; the next press brings another
    office.press("t", "gradsheet:stop")
    until(lambda: not is_active(folder))
    assert read_status(folder).state == "stopped"
    until(lambda: status(office).startswith("Stopped after"))
    assert is_log(rows(office, 400), load_run(folder).rows)
    office.press("t", "gradsheet:stop")
    until(lambda: status(office) == "No training is running.")
    office.close("t")
    office.open_book("t", str(lesson))  # the copy that was never saved: as it was
    assert status(office) == "Ready." and rows(office) == []
    office.close("t")


def test_a_bad_setting_is_one_sentence(opened):
    opened.set_named("t", {"epochs": 2.5})
    opened.press("t", "gradsheet:run")
    until(lambda: status(opened) == "Epochs is 2.5; give a whole number from 1 to 500.")
    opened.enter("t", {"D4": "=1/0"}, "Training")
    opened.run("training('t').NamedRanges.getByName('epochs').getReferredCells().setFormula('=1/0')")
    opened.press("t", "gradsheet:run")
    until(lambda: status(opened).startswith("Epochs holds the error #DIV/0!; mend its formula"))
    opened.run("training('t').NamedRanges.getByName('epochs').getReferredCells().setFormula('=SQRT(-1)')")
    opened.press("t", "gradsheet:run")
    until(lambda: "Err:502" in status(opened))
    assert opened.named("t", "run_folder") == [""]


def test_rows_come_whatever_people_do_to_the_sheet(opened, run):
    """Sorted, cut, inserted and deleted, renamed, protected: each epoch stands there once, and what is theirs stays."""
    runs.add_epochs(run, 8)
    show(opened, run)
    until(lambda: rows(opened) == runs.as_cells(run.rows))
    assert opened.run("found = BOOKS['t'].DatabaseRanges.getByName('EpochLog').DataArea.EndRow") == 19
    opened.run("training('t').Rows.insertByIndex(1, 2)")  # all moves down by two rows
    opened.run("training('t').Name = 'My lesson'")
    opened.run("training('t').getCellRangeByName('B16:J17').clearContents(23)")
    opened.run("training('t').getCellRangeByName('B25').setString('mine')")
    runs.add_epochs(run, 2)
    wanted = runs.as_cells(run.rows)
    until(lambda: [r for r in opened.cells("t", "B15:J40", "My lesson") if r[0] not in ("", "mine")] == wanted)
    assert opened.cells("t", "B25", "My lesson") == [["mine"]]

    opened.run("training('t').protect('')")
    runs.add_epochs(run, 1)
    until(lambda: opened.run("found = BOOKS['t'].CurrentController.hasInfobar('gradsheet')"))
    assert len([r for r in opened.cells("t", "B15:J40", "My lesson") if isinstance(r[0], float)]) == 10
    opened.run("training('t').unprotect('')")
    until(lambda: len([r for r in opened.cells("t", "B15:J40", "My lesson") if isinstance(r[0], float)]) == 11)
    until(lambda: not opened.run("found = BOOKS['t'].CurrentController.hasInfobar('gradsheet')"))

    opened.run("training('t').NamedRanges.removeByName('progress')")
    until(lambda: opened.run("found = BOOKS['t'].CurrentController.hasInfobar('gradsheet')"))


def test_a_table_that_is_elsewhere_by_now_is_left_alone(opened, run):
    """Excel's table around the epochs, moved by somebody: the rows come, and it stays where it is."""
    opened.run("BOOKS['t'].DatabaseRanges.getByName('EpochLog').setDataArea(uno.createUnoStruct("
               "'com.sun.star.table.CellRangeAddress', 0, 20, 3, 22, 5))")  # fmt: skip
    runs.add_epochs(run, 8)
    show(opened, run)
    until(lambda: rows(opened) == runs.as_cells(run.rows))
    area = "(a := BOOKS['t'].DatabaseRanges.getByName('EpochLog').DataArea)"
    found = opened.run(f"found = [{area}.Sheet, a.StartColumn, a.StartRow, a.EndColumn, a.EndRow]")
    assert found == [0, 20, 3, 22, 5]


def test_a_workbook_for_reading_only_stays_as_it_is(opened, run):
    """A bar above the sheet says why no rows come."""
    runs.add_epochs(run, 3)
    opened.set_named("t", {"run_folder": str(run.folder)})
    path = opened.folder / "reading.xlsx"
    opened.save("t", str(path))
    reading = f"DESKTOP.loadComponentFromURL({path.as_uri()!r}, '_blank', 0, (prop('ReadOnly', True),))"
    opened.run(f"BOOKS['r'] = {reading}")
    until(lambda: opened.run("found = BOOKS['r'].CurrentController.hasInfobar('gradsheet')"))
    assert opened.cells("r", LOG.format(20), "Training") == [[""] * 9] * 8
    assert opened.named("r", "status") == ["Ready."] and not opened.is_modified("r")
    opened.close("r")


def test_rows_that_changed_meanwhile_are_not_written_over(opened):
    """The extension's own code, in the Python of this LibreOffice's driver."""
    (written,) = (opened.folder / "shared").rglob("gradsheet.json")
    opened.enter("t", {"B13": 7.0}, "Training")
    put = f"""
sys.path.insert(0, {str(written.parents[1])!r})
from gradsheet_office.sheet import Training
found = Training(BOOKS["t"]).put(1, [[{{}}] + [""] * 8], [[1.0] * 9])
"""
    assert opened.run(put.format('""')) is False and rows(opened) == [[7.0] + [""] * 8]
    assert opened.run(put.format("7.0")) is True and rows(opened) == [[1.0] * 9]


def test_headers_in_another_order_get_a_sentence(opened, run):
    (headers,) = opened.cells("t", "B12:J12", "Training")
    opened.enter("t", {"B12": headers[1], "C12": headers[0]}, "Training")
    runs.add_epochs(run, 2)
    show(opened, run)
    until(lambda: status(opened).startswith("The columns of the epoch table stand in another order"))
    assert rows(opened) == []


def test_a_finished_run_opened_again_changes_nothing(opened, run):
    """Nobody is asked to save what they only looked at."""
    runs.add_epochs(run, 3)
    runs.finish(run)
    show(opened, run)
    until(lambda: status(opened).startswith("Finished"))
    show(opened, run)
    opened.run("time.sleep(1.5)")
    assert status(opened).startswith("Finished") and len(rows(opened)) == 3 and not opened.is_modified("t")


def test_a_strangers_run_folder_is_left_alone(opened, tmp_path):
    """A file from somebody else may name any path; only this user's own runs are followed."""
    foreign = runs.make(tmp_path / "foreign")
    runs.add_epochs(foreign, 3)
    show(opened, foreign)
    until(lambda: "is not in your own runs folder" in status(opened))
    assert rows(opened) == [] and not (foreign.folder / ".follower").exists()
    for button in ("stop", "resume", "open_folder"):
        opened.set_named("t", {"status": ""})
        opened.press("t", f"gradsheet:{button}")
        until(lambda: "is not in your own runs folder" in status(opened))
    assert not (foreign.folder / "stop").exists()


def test_two_workbooks_at_once(opened, run, lesson):
    runs.add_epochs(run, 4)
    other = runs.make(opened.home / "runs" / "other")
    runs.add_epochs(other, 6, seed=3)
    show(opened, run)
    path = opened.folder / "second.xlsx"
    shutil.copy(lesson, path)
    opened.open_book("u", str(path))
    opened.set_named("u", {"run_folder": str(other.folder)})
    opened.run("BOOKS['u'].store()")
    opened.close("u")
    opened.open_book("u", str(path))
    until(lambda: rows(opened) == runs.as_cells(run.rows))
    until(lambda: [r for r in opened.cells("u", LOG.format(30), "Training") if r[0] != ""] == runs.as_cells(other.rows))
    opened.close("u")


def test_the_menu_and_other_workbooks(opened):
    """gradsheet:run in a workbook without the sheet does nothing; an address that is none of ours isn't taken."""
    opened.open_book("n")
    opened.press("n", "gradsheet:run")
    opened.press("t", "gradsheet:format_disk")
    opened.run("time.sleep(0.5)")
    assert opened.named("t", "run_folder", "status") == ["", "Ready."]
    opened.close("n")
