"""write_whole: the old file or the new one, never something between, and a sentence for what goes wrong."""

import errno
import os
import signal
import stat
import subprocess
import sys
import time
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from trainer import temporary
from trainer.files import check_writable, write_whole
from xlfuncs.errors import DiskFullError, GradsheetError, UnwritableError

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="signals and locks as POSIX has them")
WRITER = """
import sys, time
from pathlib import Path
from trainer.files import write_whole
with write_whole(Path(sys.argv[1])) as file:
    file.write(b"half")
    file.flush()
    while not Path(sys.argv[2]).exists():
        time.sleep(0.01)
"""


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
    ("number", "kind", "words"),
    [
        (errno.ENOSPC, DiskFullError, "the disk is full"),
        (errno.EDQUOT, DiskFullError, "the disk is full"),
        (errno.EACCES, UnwritableError, "open elsewhere or write-protected"),
        (errno.EROFS, UnwritableError, "read-only"),
        (errno.EIO, UnwritableError, "was not written"),
    ],
)
def test_what_the_system_says_becomes_a_sentence(tmp_path, monkeypatch, number, kind, words):
    def fail(*_):
        raise OSError(number, os.strerror(number))

    (tmp_path / "a.txt").write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(UnwritableError, match=words) as error, write_whole(tmp_path / "a.txt") as file:
        file.write(b"x")
    assert error.type is kind
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
    monkeypatch.setattr("trainer.files.sys", SimpleNamespace(platform="win32"))
    with write_whole(path) as file:
        file.write(b"new")
    assert path.read_bytes() == b"new"


@contextmanager
def writing(path, go_on):
    """A process that is half way through writing `path`, and ends well when `go_on` exists."""
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(go_on)])
    deadline = time.monotonic() + 60
    while not any(p.stat().st_size for p in path.parent.glob(".gradsheet-*.part")):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.01)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@POSIX
def test_sigterm_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")
    with writing(path, tmp_path / "go") as process:
        process.terminate()
        assert process.wait(30) == -signal.SIGTERM
    assert os.listdir(tmp_path) == ["a.txt"] and path.read_bytes() == b"old"


@POSIX
def test_what_a_killed_writer_leaves_is_swept_by_the_next_write(tmp_path):
    """Into the same folder, of whatever file."""
    with writing(tmp_path / "a.txt", tmp_path / "go") as process:
        process.kill()
        assert process.wait(30) == -signal.SIGKILL
    assert len(os.listdir(tmp_path)) == 1
    with write_whole(tmp_path / "b.txt") as file:
        file.write(b"new")
    assert os.listdir(tmp_path) == ["b.txt"]


@POSIX
def test_what_a_living_writer_writes_is_not_swept(tmp_path):
    with writing(tmp_path / "a.txt", tmp_path / "go") as process:
        with write_whole(tmp_path / "b.txt") as file:
            file.write(b"new")
        (tmp_path / "go").touch()
        assert process.wait(30) == 0
    assert sorted(os.listdir(tmp_path)) == ["a.txt", "b.txt", "go"] and (tmp_path / "a.txt").read_bytes() == b"half"


def test_only_what_is_provably_ours_is_swept(tmp_path):
    others = [".a.txt.k3j2h1g0", ".gradsheet-notes.part", ".gradsheet-0123456789abcdef.part.bak", "gradsheet.part"]
    for name in others:
        (tmp_path / name).write_bytes(b"mine")
    (tmp_path / ".gradsheet-0123456789abcdef.part").mkdir()
    target = tmp_path / ".gradsheet-00000000000000aa.part"
    target.symlink_to(tmp_path / "gradsheet.part")
    with write_whole(tmp_path / "b.txt") as file:
        file.write(b"new")
    assert sorted(os.listdir(tmp_path)) == sorted([*others, ".gradsheet-0123456789abcdef.part", target.name, "b.txt"])


@POSIX
def test_a_file_swept_before_it_is_locked_is_made_again(tmp_path, monkeypatch):
    """The one moment in which another process could take a new file for a dead one's."""
    lock, swept = temporary._lock, []

    def lock_late(descriptor, **how):
        if not swept and how.get("wait", True):
            swept.append(True)
            temporary.sweep(tmp_path)
        return lock(descriptor, **how)

    monkeypatch.setattr(temporary, "_lock", lock_late)
    with write_whole(tmp_path / "a.txt") as file:
        file.write(b"new")
    assert swept and (tmp_path / "a.txt").read_bytes() == b"new" and os.listdir(tmp_path) == ["a.txt"]


def test_without_locks_only_old_files_are_swept(tmp_path, monkeypatch):
    """As on Windows, where moreover an open file can't be deleted."""
    monkeypatch.setattr(temporary, "fcntl", None)
    young, old = (tmp_path / f".gradsheet-000000000000000{k}.part" for k in (1, 2))
    for path in (young, old):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    with write_whole(tmp_path / "b.txt") as file:
        file.write(b"new")
    assert sorted(os.listdir(tmp_path)) == [young.name, "b.txt"]


def test_a_file_that_must_be_new_never_replaces_one(tmp_path):
    path = tmp_path / "a.txt"
    with pytest.raises(FileExistsError), write_whole(path, new=True) as file:
        file.write(b"new")
        path.write_bytes(b"came meanwhile")
    assert path.read_bytes() == b"came meanwhile" and os.listdir(tmp_path) == ["a.txt"]
    with write_whole(tmp_path / "b.txt", new=True) as file:
        file.write(b"new")
    assert (tmp_path / "b.txt").read_bytes() == b"new"


def test_asking_whether_a_file_can_be_written_changes_nothing(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    check_writable(path)
    assert os.listdir(tmp_path) == []
    path.write_bytes(b"old")
    before = path.stat().st_mtime_ns
    check_writable(path)
    assert path.stat().st_mtime_ns == before and os.listdir(tmp_path) == ["a.txt"]
    with pytest.raises(GradsheetError, match="is a folder"):
        check_writable(tmp_path)
    with pytest.raises(GradsheetError, match=r"the folder .* does not exist"):
        check_writable(tmp_path / "none" / "a.txt")
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(GradsheetError, match="write-protected"):
        check_writable(path)


def test_sentences_fit_what_is_wrong(tmp_path, monkeypatch):
    (tmp_path / "loop.txt").symlink_to("loop.txt")
    (tmp_path / "file").write_bytes(b"")
    for path, words in (
        (tmp_path / "loop.txt", "a link that leads in a circle"),
        (tmp_path / "file" / "a.txt", "the folder .*file is no folder"),
        (tmp_path / ("n" * 300), "the name is too long"),
    ):
        with pytest.raises(GradsheetError, match=words), write_whole(path) as file:
            file.write(b"x")

    refusals = iter([errno.ENOENT, errno.EACCES])

    def fail(*_, **__):
        number = next(refusals)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("builtins.open", fail)
    for words in ("takes no files", "the folder .* doesn't let you"):
        with pytest.raises(GradsheetError, match=words), write_whole(tmp_path / "a.txt") as file:
            file.write(b"x")
    assert (tmp_path / "loop.txt").is_symlink()
