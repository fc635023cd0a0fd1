"""LibreOffice with the extension, and a workbook with the sheet Training and no macro."""

import os
import shutil
import subprocess

import pytest

from tests.conftest import needs_libreoffice, needs_program
from workbook.build import compute, write
from xlfuncs.network import DEFAULT

from .office import Office


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    """The extension installed by gradsheet's own command; LibreOffice is not started."""
    needs_libreoffice()
    found = Office(tmp_path_factory.mktemp("calc"))
    done = found.gradsheet("libreoffice", "install")
    assert done.returncode == 0, done.stderr
    yield found
    found.stop()


@pytest.fixture(scope="module")
def office(installed):
    """It runs without a window."""
    installed.start()
    yield installed
    installed.stop()


@pytest.fixture(scope="session")
def training_book(tmp_path_factory):
    """As `gradsheet build --training` writes it, small."""
    path = tmp_path_factory.mktemp("book") / "training.xlsx"
    with open(path, "wb") as file:
        write(file, DEFAULT, compute(DEFAULT, [0.1], 5), training_sheet=True)
    return path


@pytest.fixture
def lesson(training_book, tmp_path):
    """A copy of it to write into."""
    path = tmp_path / "lesson.xlsx"
    shutil.copy(training_book, path)
    return path


@pytest.fixture
def screen():
    """An X display of its own; the name of it."""
    needs_program(bool(shutil.which("Xvfb") and shutil.which("xdotool")), "Xvfb and xdotool are not installed")
    reader, writer = os.pipe()
    process = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1600x1000x24"],
        pass_fds=[writer],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(writer)
    with open(reader) as said:
        display = f":{said.readline().strip()}"
    yield display
    process.terminate()
    process.wait(20)
