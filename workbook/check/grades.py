"""The reports as CSV for a grade book, in which no student's text becomes a formula."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

from workbook.terminal import printable

if TYPE_CHECKING:
    from workbook.check.findings import FileReport

HEADINGS = ("file", "verdict", "faults", "first fault")
# A program may cut the line at another sign than the comma, whatever stands in quotes: a formula could begin behind
# any of them, with or without blanks and quotes before it, and in a Japanese Excel with a wide sign too.
_FORMULA = re.compile(r"""((?:^|[,;|\t\r\n])[\s"']*)(?=[=+\-@＝＋－＠])""")


def csv_of(reports: list[FileReport]) -> bytes:
    """File, verdict, number of faults and first fault of each file, every field in quotes."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(HEADINGS)
    for report in reports:
        cells = (report.file, report.verdict, len(report.faults), first_fault(report))
        writer.writerow([harmless(str(cell)) for cell in cells])
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
