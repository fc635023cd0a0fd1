"""What stands where on the sheet Training: the settings, the status, the epoch log, by the names that Excel knows.

The sheet is written by the exporter, and later by the live writer through xlwings; both find every cell through this
module. Each name is one of the sheet's own, such as Training!status, so that a row inserted by hand breaks nothing.
"""

from dataclasses import dataclass

from trainer import log
from trainer.names import DATASETS, DEVICES
from trainer.recipes import DEFAULT_DATASET, DEFAULT_DEVICE, DEFAULT_RECIPE, DEFAULT_SEED, RECIPES

TRAINING = "Training"
READY = "Ready."
EPOCH_LOG = "EpochLog"
"""The Excel table of the epochs; also the name of its header's first cell is `epoch_log`."""
LOG_CORNER = "epoch_log"
STATUS, PROGRESS, RUN_FOLDER = "status", "progress", "run_folder"
"""Names of single cells: one line of text; a number from 0 to 1; the full path of the run shown."""
HEADER_ROW = 12
FIRST_COLUMN = 2  # B
MAX_EPOCHS = 500
"""Rows of the log that the charts plot, and with that the most epochs that a workbook's settings allow."""

_HEADERS = {
    "epoch": ("epoch", "0"),
    "learning_rate": ("learning rate", "0.0000##"),
    "train_loss": ("train loss", "0.0000"),
    "train_accuracy": ("train accuracy %", "0.00"),
    "test_loss": ("test loss", "0.0000"),
    "test_accuracy": ("test accuracy %", "0.00"),
    "test_correct": ("test correct", "#,##0"),
    "seconds": ("seconds", "0.0"),
    "images_per_second": ("images/s", "#,##0"),
}
COLUMNS = tuple((field, *_HEADERS[field]) for field in log.COLUMNS)
"""The epoch table's columns, as the log has them: field, header, number format."""


@dataclass(frozen=True)
class Setting:
    """A cell to change before a training: its name, its label, and what it may hold.

    `choices` is a drop-down's list; `low` and `high` are limits of a number (`whole` or not); neither is a free text.
    `default` None means a blank cell: the recipe's own number, or the per-user folder.
    """

    name: str
    label: str
    default: str | int | None = None
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    whole: bool = True


SETTINGS = (
    Setting("dataset", "Data", DEFAULT_DATASET, tuple(DATASETS)),
    Setting("recipe", "Recipe", DEFAULT_RECIPE, tuple(RECIPES)),
    Setting("device", "Device", DEFAULT_DEVICE, DEVICES),
    Setting("seed", "Seed", DEFAULT_SEED, low=0, high=2**31 - 1),
    Setting("epochs", "Epochs", low=1, high=MAX_EPOCHS),
    Setting("batch_size", "Batch size", low=1, high=60_000),
    Setting("learning_rate", "Learning rate", low=1e-9, high=1_000, whole=False),
    Setting("data_folder", "Data folder"),
)
