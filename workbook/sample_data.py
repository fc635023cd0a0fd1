"""Several samples: their numbers, and how they are read from a CSV file. What doesn't fit gets one sentence."""

import csv
import io
import math
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from workbook.sheets.blocks import Blocks
from xlfuncs.cells import quoted
from xlfuncs.errors import DataError, LimitError, UnreadableError
from xlfuncs.limits import MAX_ROWS

Rows = tuple[tuple[float, ...], ...]
_VARIABLE = re.compile(r"[it][1-9]\d{0,4}", re.ASCII | re.IGNORECASE)
_HEADER = "i1,i2,…,t1,…"
_AS_CSV = "save it with commas between the numbers and points in them, such as 0.05,0.1,0.5"


@dataclass(frozen=True)
class Samples:
    """`inputs` and `targets` have a row a sample; `batch` of them are taken in an iteration, 0 for all."""

    inputs: Rows
    targets: Rows
    batch: int = 0

    @property
    def blocks(self) -> Blocks:
        """How the rows of a table take them."""
        count = len(self.inputs)
        return Blocks(count, min(self.batch or count, count))

    @property
    def are_classes(self) -> bool:
        """Whether the targets say yes or no, so that an output can be right: 0 or 1 each, and one class of several."""
        yes_or_no = all(target in (0.0, 1.0) for row in self.targets for target in row)
        return yes_or_no and (len(self.targets[0]) == 1 or all(sum(row) == 1 for row in self.targets))


@dataclass(frozen=True)
class SampleFile:
    """The numbers of a CSV file, a row a sample, and its header's names where it has one."""

    path: Path
    names: tuple[str, ...]
    rows: Rows

    @property
    def sizes(self) -> tuple[int, int] | None:
        """Inputs and targets as the header counts them."""
        counts = Counter(name[0] for name in self.names)
        return (counts["i"], counts["t"]) if self.names else None

    def split(self, inputs: int, targets: int, line: str) -> tuple[Rows, Rows]:
        """The inputs and the targets of a network with so many, whose line is `line`. Raises GradsheetError."""
        if self.sizes and self.sizes != (inputs, targets):
            raise DataError(
                f"{self.path} has {_counted(self.sizes[0], 'input')} and {_counted(self.sizes[1], 'target')}; {line} "
                f"takes {inputs} and {targets}: name the sizes with --layers."
            )
        if len(self.rows[0]) != inputs + targets:
            raise DataError(
                f"{self.path} has {_counted(len(self.rows[0]), 'column')}; {line} takes {inputs} + {targets}: name the "
                f"sizes with --layers, or the columns in a first line {_HEADER}"
            )
        wanted = [f"i{k}" for k in range(1, inputs + 1)] + [f"t{k}" for k in range(1, targets + 1)]
        order = [self.names.index(name) for name in wanted] if self.names else range(inputs + targets)
        rows = [tuple(row[k] for k in order) for row in self.rows]
        return tuple(row[:inputs] for row in rows), tuple(row[inputs:] for row in rows)


def read(path: Path) -> SampleFile:
    """Read the samples of a CSV file, with or without a header. Raises GradsheetError."""
    written = _text(path)
    reader = csv.reader(io.StringIO(written, newline=None))
    try:
        lines = [(reader.line_num, line) for line in reader if any(map(str.strip, line))]
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num}, can't be read ({error}); {_AS_CSV}.") from error
    if not lines:
        raise DataError(f"{path} is empty; give a line a sample: its inputs, then its targets.")
    for sign, called in ((";", "semicolons"), ("\t", "tabs")):
        if sign in "".join(lines[0][1]):
            raise DataError(f"{path} has {called} between its numbers; {_AS_CSV}.")
    first = [item.strip() for item in lines[0][1]]
    names = () if all(map(_is_number, first)) else _names(path, first)
    body = lines[1:] if names else lines
    if not body:
        raise DataError(f"{path} has a header but no samples; give a line a sample below it.")
    if len(body) > MAX_ROWS:
        raise LimitError(f"{path} has {len(body):,} samples, more than Excel has rows; give fewer.")
    return SampleFile(path, names, tuple(_row(path, k, line, len(first)) for k, line in body))


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UnreadableError(f"{path} can't be read ({error.strerror}); --samples takes a CSV file.") from error
    try:
        text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise DataError(f"{path} is no CSV file, which is plain text; in Excel, save the sheet as CSV UTF-8.")
    return text


def _names(path: Path, first: list[str]) -> tuple[str, ...]:
    """The header's names: i1, i2, … and t1, … in any order."""
    names = tuple(name.lower() for name in first)
    wrong = next((name for name in first if not _VARIABLE.fullmatch(name)), None)
    if wrong is not None:
        if any(map(_is_number, first)):
            _row(path, 1, first, len(first))  # no header: says which is no number
        what = quoted(wrong) if wrong else "a column without a name"
        raise DataError(f"{path} has {what} in line 1; name the columns {_HEADER}, or leave that line out.")
    twice = next((name for name, count in Counter(names).items() if count > 1), None)
    if twice:
        raise DataError(f"{path} has two columns {twice}; name each once: {_HEADER}")
    for letter, what in (("i", "input"), ("t", "target")):
        count = sum(name[0] == letter for name in names)
        missing = next((k for k in range(1, max(count, 1) + 1) if f"{letter}{k}" not in names), None)
        if missing:
            raise DataError(f"{path} has no column {letter}{missing} for the {what}; name the columns {_HEADER}")
    return names


def _row(path: Path, line: int, items: list[str], width: int) -> tuple[float, ...]:
    if len(items) != width:
        raise DataError(f"{path}, line {line}: {_counted(len(items), 'column')} where line 1 has {width}.")
    wrong = next((item.strip() for item in items if not _is_number(item)), None)
    if wrong is not None:
        what = quoted(wrong) if wrong else "nothing between two commas"
        raise DataError(f"{path}, line {line}: {what} is no number{_advice(wrong)}.")
    return tuple(float(item) for item in items)


def _advice(item: str) -> str:
    return f"; write a point in it: {item.replace(',', '.')}" if re.fullmatch(r"[+-]?\d*,\d+", item) else ""


def _is_number(item: str) -> bool:
    try:
        return math.isfinite(float(item)) and "_" not in item
    except ValueError:
        return False


def _counted(count: int, what: str) -> str:
    return f"1 {what}" if count == 1 else f"{count:,} {what}s"
