"""gradsheet's own Python as a child process: a line of JSON a message, both ways, on its standard streams.

A child that dies is started again and asked again; one that takes too long is ended. Nothing here knows LibreOffice.
"""

import json
import os
import subprocess
import threading
import time
from collections import deque
from typing import IO, cast

AGAIN_SECONDS = 10.0
"""A Python that ended before it said anything isn't started again sooner: thousands of cells may ask."""
_NO_WINDOW = 0x08000000  # Windows' CREATE_NO_WINDOW


class NoAnswerError(Exception):
    """There is no answer, and its text says why."""


class Child:
    """The process, started when it is first needed, and ended with the one that started it: its input ends then."""

    def __init__(self, command, python_path, on_message, on_start):
        """Start nothing yet.

        command: a list of words. python_path: its PYTHONPATH, or None. on_message: called with what it says unasked, by
        a thread of ours. on_start: called when it was started, by the thread that needed it.
        """
        self._command, self._environment = command, _environment(python_path)
        self._on_message, self._on_start = on_message, on_start
        self._starting, self._writing = threading.RLock(), threading.Lock()
        self._process, self._not_before, self._number = None, 0.0, 0

    def ask(self, question, seconds):
        """The answer to a message, a dict. Raises NoAnswerError."""
        for _ in range(2):
            process = self._running()
            self._number += 1
            answer = process.ask(dict(question, id=self._number), seconds)
            if answer is not None:
                return answer
        raise NoAnswerError("gradsheet's Python ended twice while it was asked")

    def tell(self, message):
        """Send a message that needs no answer. Raises NoAnswerError."""
        for _ in range(2):
            if self._running().write(message):
                return
        raise NoAnswerError("gradsheet's Python ended twice while it was told something")

    def _running(self):
        with self._starting:
            if self._process is None or self._process.ended:
                self._start()
            return self._process

    def _start(self):
        if self._process is not None and not self._process.said_something:
            self._not_before = self._process.started + AGAIN_SECONDS
        if time.monotonic() < self._not_before:
            raise NoAnswerError("gradsheet's Python ended at once: " + " ".join(self._command))
        try:
            self._process = _Process(self._command, self._environment, self._on_message, self._writing)
        except OSError as error:
            self._process = None
            raise NoAnswerError(f"gradsheet's Python can't be started ({error}): {self._command[0]}") from error
        self._on_start()


class _Process:
    """One life of the child."""

    def __init__(self, command, environment, on_message, writing):
        self._pipe = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            creationflags=_NO_WINDOW if os.name == "nt" else 0,
        )
        # Both are there, as they were asked for.
        self._input, self._output = cast(IO[bytes], self._pipe.stdin), cast(IO[bytes], self._pipe.stdout)
        self.started, self.said_something, self.ended = time.monotonic(), False, False
        self._on_message, self._writing = on_message, writing
        self._answered = threading.Condition()
        self._answers = {}
        threading.Thread(target=self._read, daemon=True).start()

    def ask(self, question, seconds):
        """The answer; None where the child ended before it gave one. Raises NoAnswerError after so many seconds."""
        if not self.write(question):
            return None
        deadline = time.monotonic() + seconds
        with self._answered:
            while question["id"] not in self._answers:
                left = deadline - time.monotonic()
                if self.ended:
                    return None
                if left <= 0:
                    self.ended = True
                    self._pipe.kill()
                    raise NoAnswerError(f"gradsheet took longer than {seconds:g} seconds and was ended")
                self._answered.wait(left)
            return self._answers.pop(question["id"])

    def write(self, message):
        """Whether the message could be sent."""
        line = json.dumps(message).encode() + b"\n"
        try:
            with self._writing:
                self._input.write(line)
                self._input.flush()
        except (OSError, ValueError):
            self.ended = True
        return not self.ended

    def _read(self):
        for line in self._output:
            try:
                message = json.loads(line.decode())
            except ValueError:
                continue  # nothing of ours
            self.said_something = True
            if "answer" in message:
                with self._answered:
                    self._answers[message["answer"]] = message
                    self._answered.notify_all()
            else:
                self._on_message(message)
        with self._answered:
            self.ended = True
            self._answered.notify_all()
        self._pipe.wait()


class Posting:
    """A thread that carries things on, one after the other: who puts them in never waits."""

    def __init__(self, carry):
        """carry: called with each thing, by the thread."""
        self._carry, self._there = carry, threading.Condition()
        self._things: deque = deque()
        threading.Thread(target=self._run, daemon=True).start()

    def put(self, thing):
        """Leave a thing to be carried on."""
        with self._there:
            self._things.append(thing)
            self._there.notify()

    def _run(self):
        while True:
            with self._there:
                while not self._things:
                    self._there.wait()
                thing = self._things.popleft()
            self._carry(thing)


def _environment(python_path):
    """This process's environment without what LibreOffice sets for its own Python and its own libraries."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    if python_path:
        kept["PYTHONPATH"] = python_path
    return kept
