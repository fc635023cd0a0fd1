"""LibreOffice with the extension, and a workbook with the sheet Training and no macro."""

import shutil

import pytest

from tests.conftest import needs_libreoffice
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
