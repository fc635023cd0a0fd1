"""The epoch log: which epoch is the best, and what its CSV text is."""

import pytest

from trainer.log import COLUMNS, EpochRow, best_row, checked_rows, from_csv, to_csv
from trainer.schema import Mismatch


def row(epoch, correct, test_loss):
    return EpochRow(epoch, 0.1, 0.5, 80.0, test_loss, float(correct), correct, 1.5, 5000.0)


@pytest.mark.parametrize(
    ("results", "best"),
    [
        ([(90, 0.3), (95, 0.9), (94, 0.1)], 2),  # most right, whatever the loss
        ([(95, 0.3), (95, 0.2), (95, 0.25)], 2),  # then the lowest test loss
        ([(95, 0.2), (95, 0.2), (95, 0.2)], 1),  # then the first
        ([(95, 0.2), (96, 0.3), (96, 0.3), (96, 0.4)], 2),
        ([(0, 9.0)], 1),
    ],
)
def test_the_best_epoch(results, best):
    rows = [row(epoch, *result) for epoch, result in enumerate(results, start=1)]
    assert best_row(rows).epoch == best
    assert best_row(rows[::-1]).epoch == best
    assert best_row([]) is None


def test_the_csv_reads_back_equal():
    rows = [row(1, 90, 0.1 + 0.2), row(2, 91, 1e-300), row(3, 92, 5e22)]
    assert from_csv(to_csv(rows)) == rows == checked_rows(rows, 100)
    assert from_csv(",".join(COLUMNS) + "\n") == [] == from_csv(to_csv([]))
    assert from_csv(to_csv(rows).replace("\n", "\r\n")) == rows


@pytest.mark.parametrize(
    "text", ["", "\n", "a,b\n1,2\n", to_csv([row(1, 9, 0.1)]) + "\n", to_csv([row(1, 9, 0.1)])[:-10], '"', "\0"]
)
def test_what_is_no_log(text):
    with pytest.raises(Mismatch):
        from_csv(text)
