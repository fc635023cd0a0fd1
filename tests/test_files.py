"""write_whole: the old file or the new one, never something between, and a sentence for what goes wrong."""

import errno
import os
import stat
from types import SimpleNamespace

import pytest

from workbook.files import write_whole
from xlfuncs.errors import GradsheetError


def test_the_old_file_stays_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")
    with write_whole(path) as file:
        file.write(b"new, but not yet done")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new, but not yet done"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_the_replacement_is_one_step(tmp_path, monkeypatch):
    """At no moment does the path hold anything but the old file or the new one: it is renamed over, not written."""
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")
    before = path.stat().st_ino
    with write_whole(path) as file:
        file.write(b"new")
    assert path.stat().st_ino != before

    def refuse(*_):
        raise OSError(errno.EBUSY, "busy")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(GradsheetError, match="was not written"), write_whole(path) as file:
        file.write(b"newer")
    assert path.read_bytes() == b"new" and os.listdir(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("failure", [ValueError("a bug"), KeyboardInterrupt(), GradsheetError("a sentence")])
def test_a_failure_half_way_leaves_the_old_file(tmp_path, failure):
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")
    with pytest.raises(type(failure)), write_whole(path) as file:
        file.write(b"half")
        raise failure
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["a.txt"]


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EACCES, "open elsewhere or write-protected"),
        (errno.EROFS, "read-only"),
        (errno.EIO, "was not written"),
    ],
)
def test_what_the_system_says_becomes_a_sentence(tmp_path, monkeypatch, number, words):
    def fail(*_):
        raise OSError(number, os.strerror(number))

    (tmp_path / "a.txt").write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(GradsheetError, match=words), write_whole(tmp_path / "a.txt") as file:
        file.write(b"x")
    assert os.listdir(tmp_path) == ["a.txt"] and (tmp_path / "a.txt").read_bytes() == b"old"


def test_a_write_protected_file_is_not_replaced(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write anything, so the refusal is played
    with pytest.raises(GradsheetError, match="write-protected"), write_whole(path) as file:
        file.write(b"new")
    assert path.read_bytes() == b"old"


def test_a_link_keeps_pointing_where_it_pointed(tmp_path):
    (tmp_path / "real.txt").write_bytes(b"old")
    link = tmp_path / "link.txt"
    link.symlink_to("real.txt")
    with write_whole(link) as file:
        file.write(b"new")
    assert link.is_symlink() and (tmp_path / "real.txt").read_bytes() == b"new"


def test_permissions_are_kept(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")
    path.chmod(0o640)
    with write_whole(path) as file:
        file.write(b"new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_windows_replaces_a_file_that_was_being_read(tmp_path, monkeypatch):
    """There, os.replace refuses while somebody has the file open."""
    path, refusals = tmp_path / "status.json", iter([True, True, False])
    path.write_bytes(b"old")
    replace = os.replace

    def refusing(source, target):
        if next(refusals):
            raise PermissionError(13, "being read")
        replace(source, target)

    monkeypatch.setattr(os, "replace", refusing)
    monkeypatch.setattr("workbook.files.sys", SimpleNamespace(platform="win32"))
    with write_whole(path) as file:
        file.write(b"new")
    assert path.read_bytes() == b"new"
