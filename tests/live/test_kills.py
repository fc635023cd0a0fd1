"""Followers that are killed at any moment, and two of them at once: real processes, whose Excel is a file."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from filelock import FileLock

from workbook.live import excel as excel_host
from workbook.live import follow as follow_module
from workbook.live.follow import DONE, FAILED, FOLLOWED
from workbook.live.launch import WORKER_LOCK

from . import fake_excel, runs
from .fake_excel import NAME, FakeExcel, excels
from .training import until

FAKE = Path(fake_excel.__file__)


def test_the_follower_killed_at_random_moments(tmp_path):
    """Real processes, ended by SIGKILL; the cells are a file that each leaves as it is at that moment."""
    run, cells = runs.make(tmp_path / "run"), tmp_path / "cells.json"
    moments = random.Random(5)
    command, environment = follower(cells, run.folder)
    with FileLock(run.folder / WORKER_LOCK):
        for _ in range(6):
            process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)
            runs.add_epochs(run, moments.randint(1, 2))
            if cells.exists() or moments.random() < 0.5:
                time.sleep(moments.uniform(0.3, 1.8))
            os.kill(process.pid, signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
            process.communicate()
    runs.finish(run)
    done = subprocess.run(command, env=environment, capture_output=True, timeout=300, check=False)
    assert done.returncode == DONE, done.stderr
    assert FakeExcel(path=cells).log() == runs.as_cells(run.rows)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork")
@pytest.mark.parametrize("kills", [20, pytest.param(1000, marks=pytest.mark.slow)])
def test_many_kills(tmp_path, monkeypatch, kills):
    """The same with processes that need no time to start, so that each is at work when it is killed."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    monkeypatch.setattr(follow_module, "POLL_SECONDS", 0.01)
    run, cells, moments, at_work = runs.make(tmp_path / "run"), tmp_path / "cells.json", random.Random(7), 0

    def forked():
        process = os.fork()
        if process == 0:
            code = FAILED
            try:
                refusing = FakeExcel(path=cells, refusals=0.1, seed=os.getpid())
                with excels(refusing):
                    code = excel_host.main(["--book", NAME, "--run-dir", str(run.folder)])
            finally:
                os._exit(code)
        return process

    with FileLock(run.folder / WORKER_LOCK):
        for k in range(kills):
            before = cells.stat().st_mtime_ns if cells.exists() else 0
            process = forked()
            if k % max(1, kills // 100) == 0 and len(run.rows) < 400:
                runs.add_epochs(run, moments.randint(1, 3))
            time.sleep(moments.uniform(0.0, 0.3))
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            at_work += cells.exists() and cells.stat().st_mtime_ns != before
            found = FakeExcel(path=cells).epochs() if cells.exists() else []
            wanted = runs.as_cells(run.rows)
            assert all(row in wanted for row in found) and len({row[0] for row in found}) == len(found)
    runs.finish(run)
    _, status = os.waitpid(forked(), 0)
    assert os.waitstatus_to_exitcode(status) == DONE
    assert FakeExcel(path=cells).log() == runs.as_cells(run.rows)
    assert at_work > kills / 4
    print(f"{kills} kills, {at_work} of processes that had written: no row lost or doubled of {len(run.rows)}")


def follower(cells, folder, refusals=0.2):
    """The command of a follower's process, whose Excel is a file, and its environment."""
    command = [
        sys.executable,
        "-m",
        "tests.live.fake_excel",
        str(cells),
        str(refusals),
        "--",
        "--book",
        NAME,
        "--run-dir",
        str(folder),
    ]
    return command, {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(FAKE.parents[2]), os.environ.get("PYTHONPATH", "")]),
    }


def test_two_followers_at_once(tmp_path, run, monkeypatch):
    """Two processes for one run, as after two presses: one follows, the other ends, and ends what the first one left."""
    cells, answers = tmp_path / "cells.json", []
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    command, environment = follower(cells, run.folder, refusals=0.0)
    with FileLock(run.folder / WORKER_LOCK):
        first = subprocess.Popen(command, env=environment)
        until(lambda: cells.exists() and FakeExcel(path=cells).named("run_folder"))
        second = subprocess.Popen(command, env={**environment, "HANDOVER": "0.5"})
        runs.add_epochs(run, 5)
        answers.append(second.wait(60))
        assert first.poll() is None
        runs.add_epochs(run, 5)
        runs.finish(run)
        until(lambda: len(FakeExcel(path=cells).log()) == 10)
    answers.append(first.wait(60))
    assert answers == [FOLLOWED, DONE]
    assert FakeExcel(path=cells).log() == runs.as_cells(run.rows)
