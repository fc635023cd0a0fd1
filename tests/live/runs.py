"""Run folders for the tests, made without training."""

import random

from trainer.log import EpochRow, to_csv
from trainer.recipes import RECIPES
from trainer.run import LOG, Config, Status, create_run, write_status, write_text

CONFIG = Config(
    recipe=RECIPES["published"], dataset="digits", data_dir=None, seed=1, device="cpu", data_label="digits",
    train_images=1437, test_images=360, device_name="a processor", threads=2, bfloat16=False, compiled=False,
)  # fmt: skip


def make(folder):
    folder.mkdir(parents=True, exist_ok=True)
    return create_run(folder, CONFIG)


def row(epoch, seed=0):
    numbers = random.Random(1000 * seed + epoch)
    values = [numbers.random() for _ in range(5)]
    return EpochRow(epoch, 0.01, *values[:3], 100 * values[3], numbers.randrange(360), values[4], 5000.0)


def add_epochs(run, count, seed=0):
    run.rows += [row(len(run.rows) + 1 + k, seed) for k in range(count)]
    write_text(run.folder / LOG, to_csv(run.rows))
    write_status(run.folder, Status("running", len(run.rows), 20, 0, 10))


def finish(run):
    write_status(run.folder, Status("finished", len(run.rows), 20, message=f"{len(run.rows)} epochs are done."))


def as_cells(rows):
    return [[float(value) for value in vars(row).values()] for row in rows]
