"""Processes that check files for this one, so that no file can hang it, fill its memory or end it.

concurrent.futures and multiprocessing give up all their work when one process is killed, and can't kill the one that
hangs; so these are a few processes of our own, each with one file at a time. One that takes too long is killed, and
the file is reported as unreadable; one that dies is too; a fresh one takes its place.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING

from workbook.check.limits import LIMITS, WATCHED, Limits, too_large, too_slow
from workbook.check.worker import Answer, Job
from xlfuncs.errors import StartError

if TYPE_CHECKING:
    from workbook.check.judge.findings import FileReport

CHUNK = 4  # files for each process at least: a process takes as long to start as a few files take to check
LOOK = 0.05  # seconds between two looks at the limits; on Windows also until Ctrl-C is noticed
# The other half's imports are this one's, wherever they come from and however Python was started.
_CODE = "import sys; sys.path[:] = {}; from workbook.check.worker import main; main()"
# Threads for matrices, and an allocator's arena for each, would take address space and give nothing.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "MALLOC_ARENA_MAX")


def check_files(paths: Iterable[Path], limits: Limits = LIMITS, workers: int | None = None) -> Iterator[FileReport]:
    """The reports of many files in their order, several at a time where that is faster."""
    jobs = [Job(Path(path)) for path in paths]
    with Workers(workers or count_for(len(jobs)), limits) as processes:
        for answer in processes.answers(jobs):
            yield answer.report


def count_for(files: int) -> int:
    """How many processes so many files are worth."""
    return max(1, min(os.cpu_count() or 1, files // CHUNK))


class Workers:
    """A few processes; with them, files are checked. They end with the `with` block, however that is left."""

    def __init__(self, count: int, limits: Limits = LIMITS):
        """Of so many processes, which may take that much for each file."""
        self.limits = limits
        self.received: SimpleQueue[tuple[_Worker, Answer | str | None]] = SimpleQueue()
        self.idle: list[_Worker] = []
        self.busy: dict[_Worker, int] = {}
        self.count, self.works = count, False

    def __enter__(self) -> Workers:
        """Start the processes."""
        while len(self.idle) < self.count:
            self._start_one()
        return self

    def __exit__(self, *_) -> None:
        """End the processes, whatever they are busy with."""
        for worker in (*self.idle, *self.busy):
            worker.kill()

    def answers(self, jobs: list[Job]) -> Iterator[Answer]:
        """The answer to each job, in their order. Raises StartError where no process starts.

        A job whose process was ended gets a second one: perhaps that was not the file's fault.
        """
        waiting, again, done, told = deque(enumerate(jobs)), set(), {}, 0
        while told < len(jobs):
            while self.idle and waiting:
                self._give(*waiting.popleft())
            for worker, answer in self._news():
                number = self.busy.pop(worker)
                if answer is None and number not in again:
                    again.add(number)
                    waiting.appendleft((number, worker.job))
                else:
                    done[number] = answer or _given_up(worker, _ended(worker))
                if answer is None or answer.tired:
                    worker.kill()
                    if waiting:
                        self._start_one()
                else:
                    self.idle.append(worker)
            while told in done:
                yield done.pop(told)
                told += 1

    def _start_one(self) -> None:
        self.idle.append(_Worker(self.received, self.limits.memory))

    def _give(self, number: int, job: Job) -> None:
        worker = self.idle.pop()
        self.busy[worker] = number
        worker.give(job)

    def _news(self) -> Iterator[tuple[_Worker, Answer | None]]:
        """The answers that came, None for a process that ended, and those that are due for one at its limits."""
        with suppress(Empty):
            worker, answer = self.received.get(timeout=LOOK)
            if isinstance(answer, str):  # it says that it is ready
                self.works, worker.since = True, time.monotonic()  # its start is not the file's fault
            elif answer is None and not self.works and (code := worker.process.wait()) > 0:
                raise StartError(
                    f"The process that checks files ends at once (exit code {code}); "
                    "run python -m workbook.check.worker to see why."
                )
            elif worker in self.busy:
                yield worker, answer
            elif worker in self.idle:  # ended without having been asked anything
                self.idle.remove(worker)
                worker.kill()
                self._start_one()
        for worker in list(self.busy):
            if time.monotonic() - worker.since > self.limits.seconds:
                yield worker, _given_up(worker, too_slow(worker.job.path, self.limits))
            elif WATCHED and _memory_of(worker.process.pid) > self.limits.memory:
                yield worker, _given_up(worker, too_large(worker.job.path, self.limits.memory))


def _given_up(worker: _Worker, sentence: str) -> Answer:
    """The answer for a worker that has none itself."""
    from workbook.check.judge.findings import FileReport

    refused = sentence if worker.job.copies else None
    return Answer(FileReport(str(worker.job.path), error=sentence), refused=refused, tired=True)


def _ended(worker: _Worker) -> str:
    code = worker.process.wait()
    how = f"signal {-code}" if code < 0 else f"exit code {code}"
    return f"{worker.job.path} ended the process that checked it, twice ({how}); perhaps it needs too much memory."


def _memory_of(process: int) -> int:
    """The bytes of memory that a process has now."""
    import psutil

    try:
        return psutil.Process(process).memory_info().rss
    except psutil.Error:  # it is just ending
        return 0


class _Worker:
    """One process, and the thread here that waits for its answers."""

    def __init__(self, received: SimpleQueue, memory: int):
        self.job, self.since = Job(Path()), 0.0
        own_group = 0  # Ctrl-C is for this process alone, which then ends the others
        if sys.platform == "win32":
            own_group = subprocess.CREATE_NEW_PROCESS_GROUP
        self.process = subprocess.Popen(
            [sys.executable, "-c", _CODE.format(sys.path), str(memory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | dict.fromkeys(_THREADS, "1"),
            start_new_session=sys.platform != "win32",
            creationflags=own_group,
        )
        assert self.process.stdin is not None and self.process.stdout is not None, "both are pipes"
        self.jobs, self.answers = self.process.stdin, self.process.stdout
        Thread(target=self._listen, args=(received,), daemon=True).start()

    def give(self, job: Job) -> None:
        """Give it a job. Its answer will be received, or None when the process has ended."""
        self.job, self.since = job, time.monotonic()
        with suppress(OSError):  # it has ended: that will be received
            self.jobs.write(pickle.dumps(job))
            self.jobs.flush()

    def _listen(self, received: SimpleQueue) -> None:
        try:
            while True:
                received.put((self, pickle.load(self.answers)))
        except Exception as error:  # the end of the stream, or an answer that breaks off
            if not isinstance(error, EOFError):
                self.process.kill()
            received.put((self, None))

    def kill(self) -> None:
        """End the process at once."""
        self.process.kill()
        self.process.wait()
        with suppress(OSError):
            self.jobs.close()
