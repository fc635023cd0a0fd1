"""The epoch log: one row an epoch, its columns defined here for the CSV file, the screen and the workbook."""

import csv
import io
import re
from dataclasses import dataclass, fields

from trainer.schema import Mismatch, number, read, shown

NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,30})?([eE][-+]?[0-9]{1,3})?")


@dataclass(frozen=True)
class EpochRow:
    """One finished epoch, counted from 1.

    learning_rate: of the epoch's last step. train_loss, train_accuracy (percent): means over the epoch's images while
    it trains, augmented and with dropout. test_loss, test_accuracy (percent), test_correct: of the test set after the
    epoch, in float32. seconds: training and test together. images_per_second: of the training alone.
    """

    epoch: int = number(1)
    learning_rate: float = number(0)
    train_loss: float = number(0)
    train_accuracy: float = number(0, 100)
    test_loss: float = number(0)
    test_accuracy: float = number(0, 100)
    test_correct: int = number(0)
    seconds: float = number(0)
    images_per_second: float = number(0)

    def line(self, test_images: int) -> str:
        """The line of the published log."""
        return (
            f"Epoch {self.epoch}: learning rate {self.learning_rate:.4g}, loss {self.train_loss:.4f}, "
            f"accuracy {self.train_accuracy:.2f} %, test loss {self.test_loss:.4f}, "
            f"test accuracy {self.test_correct}/{test_images} ({self.test_accuracy:.2f} %)"
        )


COLUMNS = tuple(item.name for item in fields(EpochRow))
TIMING_COLUMNS = ("seconds", "images_per_second")  # the only ones that differ between two runs of the same seed


def best_row(rows: list[EpochRow]) -> EpochRow | None:
    """The epoch with the most test images right; among equals the one with the lowest test loss, then the first."""
    return min(rows, key=lambda row: (-row.test_correct, row.test_loss, row.epoch), default=None)


def to_csv(rows: list[EpochRow]) -> str:
    """The log as CSV text; floats in full, so that they read back equal."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([getattr(row, name) for name in COLUMNS] for row in rows)
    return text.getvalue()


def from_csv(text: str) -> list[EpochRow]:
    """The rows of an epochs.csv. Raises Mismatch where it isn't one."""
    try:
        header, *records = csv.reader(io.StringIO(text, newline=""), strict=True)
    except (csv.Error, ValueError) as error:
        raise Mismatch("it is no epoch log of gradsheet") from error
    if tuple(header) != COLUMNS:
        raise Mismatch("its columns are not the epoch log's")
    return [row_from(_numbers(record, line), line) for line, record in enumerate(records, start=2)]


def _numbers(record: list[str], line: int) -> dict[str, int | float]:
    if len(record) != len(COLUMNS):
        raise Mismatch(f"line {line} has {len(record)} values; it must have {len(COLUMNS)}")
    values = {}
    for item, text in zip(fields(EpochRow), record, strict=True):
        if not NUMBER.fullmatch(text):
            raise Mismatch(f"{item.name} in line {line} is {shown(text)}; it must be a number")
        values[item.name] = float(text) if item.type is float or not text.isdecimal() else int(text)
    return values


def row_from(record: object, line: int) -> EpochRow:
    """A row from a mapping of column names. Raises Mismatch, naming the line of the log."""
    return read(EpochRow, record, f"line {line}, ")


def checked_rows(rows: list[EpochRow], test_images: int) -> list[EpochRow]:
    """The rows, if they can be one run's. Raises Mismatch."""
    for expected, row in enumerate(rows, start=1):
        if row.epoch != expected:
            raise Mismatch(f"the epoch after {expected - 1} is {row.epoch}; it must be {expected}")
        if row.test_correct > test_images:
            raise Mismatch(
                f"test_correct of epoch {row.epoch} is {row.test_correct}; there are {test_images} test images"
            )
    return rows
