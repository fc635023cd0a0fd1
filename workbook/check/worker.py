"""The process that checks files for the command, one after the other, see `workers`.

It reads jobs from its standard input and writes an answer for each to its standard output, both as pickles between two
halves of one program. It ends when the other half does, whatever it is busy with.
"""

from __future__ import annotations

import os
import pickle
import sys
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, BinaryIO

from workbook.check import limits
from xlfuncs.errors import GradsheetError

if TYPE_CHECKING:
    from workbook.check.judge.findings import FileReport

READY = "ready"
TIRED = 0.5  # share of the memory after which a process makes room for a fresh one


@dataclass(frozen=True)
class Job:
    """A file to check, and where copies of it go: the option's name and the path."""

    path: Path
    copies: tuple[tuple[str, Path], ...] = ()


@dataclass
class Answer:
    """What became of a job: the report, a sentence for each copy, and the one that says why no copy was made.

    `memory` is the most that the process ever had, in bytes; a `tired` one makes room for a fresh one.
    """

    report: FileReport
    copied: dict[str, str] = field(default_factory=dict)
    refused: str | None = None
    memory: int = 0
    tired: bool = False


def main() -> None:
    """Work until there are no more jobs. `sys.argv` holds the bytes of memory this process may have."""
    memory = int(sys.argv[1]) if len(sys.argv) > 1 else limits.LIMITS.memory
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # whatever a library prints must not stand among the answers
    jobs: SimpleQueue[Job] = SimpleQueue()
    Thread(target=_listen, args=(sys.stdin.buffer, jobs), daemon=True).start()
    limits.limit_memory(memory)
    import workbook.check.checker  # noqa: F401  before the first job comes

    _send(answers, READY)
    while True:
        answer = work(jobs.get(), memory)
        answer.memory = limits.largest_memory()
        answer.tired = answer.memory > TIRED * memory
        _send(answers, answer)
        if answer.tired:
            os._exit(0)


def _listen(requests: BinaryIO, jobs: SimpleQueue[Job]) -> None:
    """Take jobs in; at their end, or when the other process is gone, end this one at once."""
    try:
        while True:
            jobs.put(pickle.load(requests))
    except BaseException:
        os._exit(0)


def _send(stream: BinaryIO, message: object) -> None:
    stream.write(pickle.dumps(message))
    stream.flush()


def work(job: Job, memory: int) -> Answer:
    """Check a file, and make its copies."""
    from workbook.check.checker import examine

    report, examined = examine(job.path, memory)
    answer = Answer(report)
    if job.copies and examined is None:
        answer.refused = report.error
    elif job.copies and examined is not None:
        try:
            answer.copied = {option: _copy(option, report, *examined, out) for option, out in job.copies}
        except GradsheetError as error:
            answer.refused = str(error)
        except MemoryError:
            answer.refused = limits.too_large(job.path, memory)
        except Exception as error:  # a traceback would tell the user nothing
            kind = f"{type(error).__name__}: {str(error)[:80]}"
            answer.refused = f"{job.path} could not be copied: a fault of gradsheet's own, please report it ({kind})."
    return answer


def _copy(option: str, report: FileReport, book, tables, out: Path) -> str:
    """Write a copy; gives the sentence on it."""
    from workbook.check.copies.annotate import annotate
    from workbook.check.copies.mending import mend

    if option == "fix":
        return mend(book, report, tables, out)
    annotate(book, report, out)
    return "the wrong cells are coloured, the sheet Check lists them."


if __name__ == "__main__":
    main()
