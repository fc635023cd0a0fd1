"""Keeping an eye on a run in progress: progress and status.json on one side, Ctrl-C and the stop file on the other."""

import math
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from trainer.progress import Progress
from trainer.run import STOP, Run, Status, write_status
from xlfuncs.errors import GradsheetError

STATUS_SECONDS = 1.0  # between two writes of status.json


class Stopped(Exception):  # noqa: N818 (it is no error)
    """The stop file (signal None), Ctrl-C or SIGTERM ended the run."""

    def __init__(self, signal_number: int | None = None):
        """Remember which signal it was."""
        super().__init__()
        self.signal = signal_number


class Asked(threading.Event):
    """Set when a signal asked for the end; `signal` is its number."""

    signal: int | None = None


class Watch:
    """Called after each step: shows where the epoch is, and ends it by raising Stopped when that is asked for."""

    def __init__(self, run: Run, batches: int, progress: Progress, asked: Asked):
        """Watch the next epoch of the run."""
        self.run, self.batches, self.progress, self.asked = run, batches, progress, asked
        self.start = self.shown = time.perf_counter()
        self.written = -math.inf
        progress.start_epoch(len(run.rows) + 1, run.config.recipe.epochs, batches)

    def __call__(self, step: int) -> None:
        """After step 1, 2, ...; at most ten times a second it does anything."""
        now = time.perf_counter()
        if self.asked.is_set():
            raise Stopped(self.asked.signal)
        if now - self.shown < 0.1 and step < self.batches:
            return
        self.shown = now
        if os.path.exists(self.run.folder / STOP):
            raise Stopped(None)
        recipe, done = self.run.config.recipe, len(self.run.rows)
        seconds_a_step = (now - self.start) / step
        left = seconds_a_step * ((recipe.epochs - done) * self.batches - step)
        rate = recipe.batch_size / seconds_a_step
        self.progress.advance(step, rate, left)
        if now - self.written >= STATUS_SECONDS:
            self.written = now
            status = Status("running", done + 1, recipe.epochs, step, self.batches, round(rate, 1), round(left, 1))
            with suppress(GradsheetError):  # it only tells; what can't be told is no reason to end a training
                write_status(self.run.folder, status)


@contextmanager
def stop_signals() -> Iterator[Asked]:
    """Turn Ctrl-C and SIGTERM into an event; a second one ends the process as usual. Only in the main thread."""
    asked = Asked()
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return

    def handle(number: int, frame: object) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.signal = number
        asked.set()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
