"""The epoch log: one row an epoch, its columns defined here for the CSV file, the screen and the workbook."""

import csv
import io
import math
from dataclasses import dataclass, fields
from typing import Any

from xlfuncs.errors import GradsheetError


@dataclass(frozen=True)
class EpochRow:
    """One finished epoch, counted from 1.

    learning_rate: of the epoch's last step. train_loss, train_accuracy (percent): means over the epoch's images while
    it trains, augmented and with dropout. test_loss, test_accuracy (percent), test_correct: of the test set after the
    epoch, in float32. seconds: training and test together. images_per_second: of the training alone.
    """

    epoch: int
    learning_rate: float
    train_loss: float
    train_accuracy: float
    test_loss: float
    test_accuracy: float
    test_correct: int
    seconds: float
    images_per_second: float

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


def from_csv(text: str, source: str) -> list[EpochRow]:
    """The rows of an epochs.csv; raises GradsheetError naming the source where it isn't one."""
    try:
        records = csv.DictReader(io.StringIO(text), strict=True)
        if tuple(records.fieldnames or ()) != COLUMNS:
            raise ValueError("its columns are others")
        return [row_from(record) for record in records]
    except (csv.Error, KeyError, TypeError, ValueError) as error:
        raise GradsheetError(f"{source} is damaged: it is no epoch log of gradsheet ({error}).") from error


def row_from(record: dict[str, Any]) -> EpochRow:
    """A row from a mapping of column names; ValueError where a number isn't one."""
    row = EpochRow(**{item.name: item.type(record[item.name]) for item in fields(EpochRow)})
    if not all(math.isfinite(getattr(row, name)) for name in COLUMNS):
        raise ValueError("a number is not finite")
    return row
