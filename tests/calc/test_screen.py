"""A real mouse and keyboard, under Xvfb: the buttons of a workbook without macros, and rows that come meanwhile."""

import os
import subprocess
from contextlib import suppress

import pytest
from PIL import ImageGrab

from trainer.run import load_run, read_status
from workbook.live.launch import is_active

from .office import until
from .test_training import folder_of, is_log, rows, status


@pytest.fixture
def on_screen(installed, screen):
    installed.start(screen)
    yield installed
    installed.kill()  # on a screen it would ask whether to save


def xdotool(screen, *words):
    subprocess.run(["xdotool", *map(str, words)], env={**os.environ, "DISPLAY": screen}, check=True)


def click(office, screen, label, below=0):
    """A real press of the mouse on a button, or so many pixels below it."""
    x, y = until(lambda: office.middle("t", label))
    xdotool(screen, "mousemove", x, y + below, "sleep", 0.3, "click", 1)


def press(office, screen, label, condition):
    """The same until it shows: a first click may only give the window the keyboard."""
    for _ in range(10):
        click(office, screen, label)
        with suppress(AssertionError):
            return until(condition, 5)
    raise AssertionError(label)


def test_mouse_and_keyboard(on_screen, screen, lesson):
    """Run Training by mouse; rows come while a cell is edited and while a dialog is open; Stop by mouse."""
    office = on_screen
    office.open_book("t", str(lesson))
    office.show("t", "Training")
    office.set_named("t", {"dataset": "digits", "epochs": 300.0, "batch_size": 256.0})
    office.run("time.sleep(1)")
    press(office, screen, "Run Training", lambda: office.named("t", "run_folder") != [""])
    folder = folder_of(office)
    until(lambda: is_active(folder))

    click(office, screen, "Run Training", below=350)
    cell = office.selected("t").replace("$", "").rpartition(".")[2]
    assert office.cells("t", cell, "Training") == [[""]]
    xdotool(screen, "type", "hello")  # no Enter: the cell is being edited
    until(lambda: len(rows(office)) >= 1)
    assert office.cells("t", cell, "Training") == [[""]]
    xdotool(screen, "key", "Return")
    until(lambda: office.cells("t", cell, "Training") == [["hello"]])

    xdotool(screen, "key", "ctrl+plus")  # Insert Cells, which lets nobody do anything else
    x, y = until(lambda: office.dialog("Insert Cells", "Cancel"))
    before = len(rows(office))
    until(lambda: len(rows(office)) > before)
    assert office.dialog("Insert Cells", "Cancel") == [x, y]
    if picture := os.environ.get("GRADSHEET_PICTURES"):
        ImageGrab.grab(xdisplay=screen).save(f"{picture}/dialog.png")
    xdotool(screen, "mousemove", x, y, "sleep", 0.3, "click", 1)
    until(lambda: not office.dialog("Insert Cells", "Cancel"))
    if picture:
        ImageGrab.grab(xdisplay=screen).save(f"{picture}/training.png")
    press(office, screen, "Stop", lambda: (folder / "stop").exists() or not is_active(folder))
    until(lambda: not is_active(folder))
    assert read_status(folder).state == "stopped"
    until(lambda: status(office).startswith("Stopped after"))
    epochs = [row for row in rows(office, 300) if isinstance(row[0], float)]
    assert is_log(epochs, load_run(folder).rows)
