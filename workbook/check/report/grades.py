"""The reports as CSV for a grade book, in which no student's text becomes a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from trainer.terminal import printable

if TYPE_CHECKING:
    from workbook.check.judge.findings import FileReport

HEADINGS = ("file", "verdict", "faults", "first fault")
# A program may cut the line at another sign than the comma, whatever stands in quotes: a formula could begin behind
# any of them, with or without blanks and quotes before it, and in a Japanese Excel with a wide sign too.
_FORMULA = re.compile(r"""((?:^|[,;|\t\r\n])[\s"']*)(?=[=+\-@＝＋－＠])""")


def csv_of(reports: list[FileReport]) -> bytes:
    """File, verdict, number of faults and first fault of each file, every field in quotes."""
    rows = [(report.file, report.verdict, len(report.faults), first_fault(report)) for report in reports]
    return _written([HEADINGS, *([harmless(str(cell)) for cell in row] for row in rows)])


def is_as_written(content: bytes) -> bool:
    """Whether a CSV has the form that `csv_of` gives it, which no spreadsheet program keeps."""
    try:
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    except (UnicodeDecodeError, csv.Error):
        return False
    return _written(rows) == content and all(len(row) == len(HEADINGS) for row in rows)


def _written(rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(rows)
    return "\ufeff".encode() + text.getvalue().encode()  # the mark tells Excel that it is UTF-8


def harmless(text: str) -> str:
    """The text with an apostrophe before each sign that a spreadsheet could take for a formula's first one."""
    return _FORMULA.sub(r"\1'", printable(text).replace("\n", " "))


def first_fault(report: FileReport) -> str:
    """One line: the sentence of a file that can't be read, its first fault, or why it isn't judged."""
    if report.error is not None:
        return report.error
    if not report.faults:
        return report.reasons[0] if report.reasons else ""
    fault = report.faults[0]
    return f"{fault.sheet}!{fault.range}: {fault.message}"
