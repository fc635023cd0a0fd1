"""`python -m workbook.calc.bridge`: the half of the LibreOffice extension that is gradsheet's own Python.

A line of JSON a message, both ways. From LibreOffice:

    {"id": 7, "call": "BP_GRAD", "arguments": […]}     → {"answer": 7, "cells": [[…]]}
    {"press": "run", "book": UID, "name": …}           a button, or "opened"
    {"request": 3, "found": …}                         the answer to a request of ours

and to it, from a thread that shows a run: {"request": 3, "book": UID, "do": "read", "arguments": […]}. The process ends
with LibreOffice: its input ends then. The training is a process of its own and goes on.
"""

import itertools
import json
import os
import queue
import sys
import threading
import traceback
from contextlib import suppress
from typing import Any, BinaryIO

from workbook.live.target import Blocked, Gone
from xlfuncs.errors import GradsheetError
from xlfuncs.function_table import FUNCTIONS


class Bridge:
    """The process, between two streams."""

    def __init__(self, output: BinaryIO):
        """Write messages into `output`."""
        self._output, self._writing = output, threading.Lock()
        self._requests: dict[int, queue.SimpleQueue] = {}
        self._numbers = itertools.count(1)

    def serve(self, lines: BinaryIO) -> None:
        """Answer until the input ends."""
        for line in lines:
            self.receive(json.loads(line))

    def receive(self, message: dict[str, Any]) -> None:
        """One message from LibreOffice."""
        match message:
            case {"id": number, "call": name, "arguments": arguments}:
                self.send({"answer": number, "cells": called(name, arguments)})
            case {"press": button, "book": book, "name": name}:
                thread = threading.Thread(target=self._press, args=(button, book, name), daemon=True)
                thread.start()
            case {"request": number, **answer}:
                self._requests.pop(number).put(answer)

    def send(self, message: dict[str, Any]) -> None:
        """Send a message."""
        line = json.dumps(message).encode() + b"\n"
        with self._writing:
            self._output.write(line)
            self._output.flush()

    def ask(self, book: str, do: str, *arguments: object) -> Any:
        """What LibreOffice answers about a workbook. Raises Blocked, or Gone where it is open no more."""
        number = next(self._numbers)
        answers: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._requests[number] = answers
        self.send({"request": number, "book": book, "do": do, "arguments": arguments})
        match answers.get():
            case {"found": found}:
                return found
            case {"blocked": sentence}:
                raise Blocked(sentence)
            case {"gone": True}:
                raise Gone(book)
            case answer:
                raise RuntimeError(f"LibreOffice: {answer.get('error')}")

    def _press(self, button: str, book: str, name: str) -> None:
        from workbook.calc import document  # loads what shows runs, which no function needs

        with suppress(Gone, Blocked):
            document.press(button, lambda do, *arguments: self.ask(book, do, *arguments), name)


def called(name: str, arguments: list[Any]) -> list[list[float | str]]:
    """A function's rows of cells; a mistake is one cell with its sentence."""
    try:
        return FUNCTIONS[name].python(*arguments)
    except GradsheetError as error:
        return [[str(error)]]
    except Exception as error:
        traceback.print_exc()
        return [[f"This is a fault of gradsheet's own; please report it ({type(error).__name__}: {error})."]]


def main() -> int:
    """Serve LibreOffice on the standard streams; whatever else is printed goes nowhere."""
    output = os.fdopen(os.dup(1), "wb")
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    Bridge(output).serve(sys.stdin.buffer)
    return 0


if __name__ == "__main__":
    sys.exit(main())
