"""Files are checked in processes of their own: one that hangs or dies costs that file only, and none is left behind."""

import contextlib
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from tests.check.generate import Design, Sheet
from tests.check.packages import GOOD
from workbook.check import workers as module
from workbook.check.limits import Limits
from workbook.check.worker import Job
from workbook.check.workers import Workers, check_files, count_for

posix = pytest.mark.skipif(os.name != "posix", reason="signals")


@pytest.fixture
def paths(tmp_path):
    """Four right files."""
    found = [tmp_path / f"{k}.xlsx" for k in range(4)]
    for path in found:
        path.write_bytes(GOOD)
    return found


def verdicts(answers):
    return [answer.report.verdict for answer in answers]


def test_reports_come_in_order(tmp_path):
    """Whichever process is done first; unreadable files among them."""
    paths = [tmp_path / f"{k}.xlsx" for k in range(12)]
    for k, path in enumerate(paths):
        rows = 60 if k % 4 == 1 else 4
        path.write_bytes(Sheet(Design.any(k, rows=rows, rate_at="cell")).package() if k % 3 else GOOD[:900])
    found = list(check_files(paths, workers=3))
    assert [report.file for report in found] == [str(path) for path in paths]
    assert [report.verdict for report in found] == ["right" if k % 3 else "unreadable" for k in range(12)]


def test_how_many_processes():
    assert count_for(0) == count_for(1) == count_for(7) == 1
    assert count_for(1000) == (os.cpu_count() or 1)


@posix
def test_a_file_that_takes_too_long(paths):
    """Its process is stopped by hand, as if it never came to an end."""
    with Workers(1, Limits(seconds=5)) as workers:
        answers = workers.answers([Job(path) for path in paths])
        first = next(answers)
        hanging = workers.idle[0].process
        os.kill(hanging.pid, signal.SIGSTOP)
        rest = list(answers)
        assert verdicts([first, *rest]) == ["right", "unreadable", "right", "right"]
        assert f"{paths[1]} took more than 5 s and was given up" in rest[0].report.error
        assert hanging.poll() == -signal.SIGKILL
    assert left_over() == []


@posix
def test_a_process_that_is_killed_once(paths):
    """By the system, which was short of memory: not this file's fault, so that it is checked again."""
    with Workers(1) as workers:
        answers = workers.answers([Job(path) for path in paths])
        first = next(answers)
        os.kill(workers.idle[0].process.pid, signal.SIGKILL)
        assert verdicts([first, *answers]) == ["right"] * 4
    assert left_over() == []


@posix
def test_a_file_that_kills_its_process(paths, monkeypatch):
    """Twice: then it is that file that is unreadable, and the others are checked."""
    give = module._Worker.give

    def deadly(self, job):
        if job.path == paths[2]:
            os.kill(self.process.pid, signal.SIGKILL)
        give(self, job)

    monkeypatch.setattr(module._Worker, "give", deadly)
    with Workers(1) as workers:
        answers = list(workers.answers([Job(path) for path in paths]))
    assert verdicts(answers) == ["right", "right", "unreadable", "right"]
    assert "ended the process that checked it, twice (signal 9)" in answers[2].report.error


def test_a_process_that_never_starts(paths, monkeypatch):
    """A broken installation is no fault of the files, and no reason to start processes for ever."""
    monkeypatch.setattr(module, "_CODE", "import sys; {}; sys.exit(3)")
    with pytest.raises(ValueError, match=r"ends at once \(exit code 3\)"):
        list(check_files(paths))


def test_memory_is_watched_where_the_system_does_not_limit_it(paths, monkeypatch):
    """As on Windows and macOS; here the limit is one that every process passes when it imports numpy."""
    monkeypatch.setattr(module, "WATCHED", True)
    limits = Limits(memory=30 * 2**20)
    monkeypatch.setattr(module, "_CODE", module._CODE.replace("main()", "sys.argv[1] = str(2**40); main()"))
    with Workers(1, limits) as workers:
        (answer,) = workers.answers([Job(paths[0])])
    assert answer.report.verdict == "unreadable" and "needs more than 0.0293 GB" in answer.report.error


def test_a_process_that_grew_makes_room(paths, monkeypatch):
    """After a file that took half of the memory, the next one finds a fresh process; usual files keep theirs."""
    with Workers(1) as workers:
        process = workers.idle[0].process
        assert verdicts(workers.answers([Job(path) for path in paths])) == ["right"] * 4
        assert workers.idle[0].process is process
    monkeypatch.setattr(module, "_CODE", module._CODE.replace("main()", "worker.TIRED = 1e-9; worker.main()"))
    monkeypatch.setattr(module, "_CODE", module._CODE.replace(".worker import main", " import worker"))
    with Workers(1) as workers:
        process = workers.idle[0].process
        assert verdicts(workers.answers([Job(path) for path in paths])) == ["right"] * 4
        assert process.poll() is not None


def test_the_current_folder_is_not_imported_from(paths, tmp_path, monkeypatch):
    """A class's folder may hold a csv.py or a workbook folder."""
    (tmp_path / "lxml.py").write_text("raise SystemExit(9)")
    (tmp_path / "workbook").mkdir()
    (tmp_path / "workbook" / "__init__.py").write_text("raise SystemExit(9)")
    monkeypatch.chdir(tmp_path)
    assert [report.verdict for report in check_files(paths)] == ["right"] * 4


def left_over():
    """Our worker processes that still run; other tests' children that have ended, and nobody waited for, don't."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # a zombie is one
            found += [process] * ("workbook.check.worker" in " ".join(process.cmdline()))
    return found


def children_of(process):
    try:
        return psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


# The command with processes that never finish a file.
HANGING = """
from workbook.check import workers
workers._CODE = workers._CODE.replace(".worker import main; main()", " import worker as w; import time; ") + (
    "w.work = lambda job, _: (job.path.with_suffix('.busy').touch(), time.sleep(600)); w.main()"
)
from workbook.cli import main
import sys
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def command(tmp_path):
    """The command, when its processes are busy."""
    for k in range(12):
        (tmp_path / f"{k}.xlsx").write_bytes(GOOD)
    process = subprocess.Popen(
        [sys.executable, "-c", HANGING, "check", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        # As on a terminal: what a shell started behind an & ignores Ctrl-C, and so would this.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 60
    while len(list(tmp_path.glob("*.busy"))) < count_for(12) and time.monotonic() < deadline:
        time.sleep(0.05)
    children = children_of(process)
    yield process, children
    for one in (*children, process):
        with contextlib.suppress(ProcessLookupError, psutil.Error):
            one.kill()
    process.wait()


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_is_left_behind(command, number):
    """Not by Ctrl-C, not where the command itself is killed, whatever its processes are busy with."""
    process, children = command
    assert len(children) == count_for(12)
    # Ctrl-C reaches the command alone: the end of a process must not look like the fault of its file.
    assert all(os.getpgid(child.pid) != os.getpgid(process.pid) for child in children)
    os.killpg(process.pid, number)
    process.wait(20)
    gone, alive = psutil.wait_procs(children, timeout=20)
    assert alive == [] and len(gone) == len(children)
