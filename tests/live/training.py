"""Trainings for the live writer's tests: made without training, followed by the real follower."""

import os
import random
import time

from workbook.live import follow as follow_module
from workbook.live.excel import OpenWorkbook
from workbook.live.follow import follow
from workbook.live.open_book import OpenBook

from . import runs


def opened(excel, pause=time.sleep):
    """The open workbook, as the buttons have it."""
    return OpenWorkbook(OpenBook(excel.name, excel.book(), pause))


def no_pause(seconds):
    pass


class Training:
    """Stands for the trainer: whenever the follower pauses, perhaps an epoch more; at last it ends."""

    def __init__(self, run, epochs, seed, monkeypatch):
        self.run, self.epochs, self.random, self.active = run, epochs, random.Random(seed), True
        monkeypatch.setattr(follow_module, "is_active", lambda folder: self.active)
        monkeypatch.setattr(os, "fsync", lambda handle: None)

    def pause(self, seconds):
        if self.random.random() < 0.3 and len(self.run.rows) < self.epochs:
            runs.add_epochs(self.run, min(self.random.randint(1, 3), self.epochs - len(self.run.rows)))
        elif len(self.run.rows) == self.epochs and self.active:
            runs.finish(self.run)
            self.active = False


def train(folder, excel, seed, monkeypatch, epochs=20):
    """A whole training into the workbook; returns its run."""
    training = Training(runs.make(folder), epochs, seed, monkeypatch)
    assert follow(training.run.folder, opened(excel, training.pause), training.pause)
    assert len(training.run.rows) == epochs
    return training.run


def until(condition):
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
