"""Each kind of failure as a program meets it that calls gradsheet: by its class, not by its words."""

import errno
import os
import sys

import pytest

import xlfuncs
from trainer.files import write_whole
from trainer.refusals import sentence, unreadable
from workbook import build, options
from workbook.check.read.reader import read_book
from workbook.existing.origin import Output
from workbook.parts.opc import Package
from xlfuncs import errors
from xlfuncs.network import DEFAULT
from xlfuncs.spec import Spec


def a_foreign_file(folder):
    (folder / "a.xlsx").write_bytes(b"mine")
    Output(folder / "a.xlsx")


def a_full_disk(folder):
    with write_whole(folder / "a.txt"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def a_folder_that_is_not_there(folder):
    with write_whole(folder / "none" / "a.txt"):
        pass


def no_run(folder):
    from trainer.run import load_run

    load_run(folder)


def a_damaged_run(folder):
    from trainer.run import load_run

    (folder / "config.json").write_text("{}", "utf-8")
    load_run(folder)


def a_run_that_trains_already(folder):
    from trainer.run import locked

    with locked(folder), locked(folder):
        pass


def no_such_recipe(folder):
    from trainer.recipes import choose_recipe

    choose_recipe("fastest")


def half_of_mnist(folder):
    from trainer.data import MNIST_FILES, find_mnist

    (folder / next(iter(MNIST_FILES))).write_bytes(b"")
    find_mnist(folder)


def no_workbook(folder):
    (folder / "a.xlsx").write_text("text", "utf-8")
    read_book(folder / "a.xlsx")


def no_package(folder):
    (folder / "a.xlsx").write_text("text", "utf-8")
    Package(folder / "a.xlsx")


FAILURES = [
    (lambda folder: options.learning_rates("fast"), errors.OptionError),
    (no_such_recipe, errors.OptionError),
    (lambda folder: Spec.parse("2-2 softplus"), errors.NetworkError),
    (lambda folder: build.compute(DEFAULT, [0.1, 0.1], 5), errors.OptionError),
    (lambda folder: build.compute(DEFAULT, [0.1], 2_000_000), errors.LimitError),
    (lambda folder: xlfuncs.BP_SIGMOID("text"), errors.CellValueError),
    (lambda folder: xlfuncs.BP_ERROR([0.5], [0.5, 0.6]), errors.CellValueError),
    (lambda folder: xlfuncs.BP_SIGMOID([[0.0] * 20_000] * 200), errors.LimitError),
    (a_foreign_file, errors.FileTakenError),
    (a_full_disk, errors.DiskFullError),
    (a_folder_that_is_not_there, errors.UnwritableError),
    (no_run, errors.UnreadableError),
    (a_damaged_run, errors.DamagedError),
    (a_run_that_trains_already, errors.RunError),
    (half_of_mnist, errors.DataError),
    (no_workbook, errors.NotAWorkbookError),
    (no_package, errors.NotAWorkbookError),
]


@pytest.mark.parametrize(("fails", "kind"), FAILURES, ids=lambda item: getattr(item, "__name__", None))
def test_a_failure_has_its_kind(tmp_path, fails, kind):
    if fails in (no_run, a_damaged_run, a_run_that_trains_already, half_of_mnist):
        pytest.importorskip("torch", reason="torch is not installed")
    with pytest.raises(errors.GradsheetError) as error:
        fails(tmp_path)
    assert error.type is kind
    text = str(error.value)
    assert text.endswith(".") and "\n" not in text


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "trainer.predict", None)
    with pytest.raises(errors.MissingPackageError, match=r"^MNIST_PREDICT needs the package trainer\.predict; run "):
        xlfuncs.MNIST_PREDICT([[0.0] * 28] * 28)


def test_a_full_disk_is_something_that_cannot_be_written():
    assert issubclass(errors.DiskFullError, errors.UnwritableError)
    assert issubclass(errors.DamagedError, errors.UnreadableError)
    assert not issubclass(errors.OptionError, errors.UnwritableError)


def test_what_the_system_refuses_has_its_words_once(tmp_path):
    refused = OSError(errno.EIO, "Input/output error", "a.txt")
    assert str(unreadable(tmp_path / "a.txt", refused)) == f"{tmp_path / 'a.txt'} can't be read: input/output error."
    assert sentence(refused) == "a.txt can't be used: input/output error."
    assert sentence(OSError(errno.ENOENT, "No such file or directory", b"a")) == "a does not exist; check the name."
    assert sentence(OSError(errno.EPIPE, "Broken pipe")).startswith("The output can't be written: broken pipe;")
