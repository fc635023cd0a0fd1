"""`gradsheet demo`: a workbook in this folder, a training into it, and what there is to see."""

import argparse
import os
from contextlib import suppress
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from trainer import cli as trainer_cli
from trainer.files import write_whole
from trainer.names import DATASETS
from trainer.terminal import say
from workbook import build
from workbook.commands.workbooks import write_with_bar
from workbook.parts.texts import plain
from workbook.sheets.layout import sheet_name
from workbook.sheets.rate_table import RateTable
from workbook.sheets.start import halved
from xlfuncs.errors import INSTALL, FileTakenError
from xlfuncs.network import DEFAULT, ITERATIONS, LEARNING_RATES

DEMO = "gradsheet.xlsx"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `gradsheet demo`."""
    parser.add_argument("--no-train", action="store_true", help="only the backpropagation sheets, in a second")
    parser.add_argument("--dataset", choices=tuple(DATASETS), help="default: mnist if it can be had, else digits")
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="folder of MNIST (default: a per-user folder)")


def run(args: argparse.Namespace) -> int:
    """Build, show, train, and say what to do next."""
    tables = build.compute(DEFAULT, LEARNING_RATES, ITERATIONS)
    path = _write(Path(DEMO), tables)
    _show(path, tables)
    if not args.no_train:
        _train(args, path)
    rate = plain(LEARNING_RATES[0])
    say(
        f"Next: open {path} in Excel or LibreOffice. Start holds the yellow cells to change; every number follows.\n"
        f"On the sheet LR={rate}, click any cell of the table to see the formula behind its number.\n"
        "For Excel's own =BP_GRAD(…) and a Run Training button (Windows): gradsheet build lesson.xlsm"
    )
    return 0


def _write(path: Path, tables: list[RateTable]) -> Path:
    """Write the demo under that name or its next free neighbour: an older demo may hold somebody's numbers."""
    contents = partial(build.write, network=DEFAULT, tables=tables)
    for name in (path, *(path.with_stem(f"{path.stem}-{k}") for k in range(2, 1000))):
        if not os.path.lexists(name):
            with suppress(FileExistsError), write_whole(name, new=True) as file:
                write_with_bar(contents, file, name, len(tables) * ITERATIONS)
                return name
    raise FileTakenError(f"This folder holds {path} and a thousand more of them; go to another one.")


def _show(path: Path, tables: list[RateTable]) -> None:
    shown = Table(title=f"{path}: a 2-2-2 network trained at {len(tables)} learning rates")
    for head in ("sheet", "E_total at iteration 1", f"at iteration {ITERATIONS}", "halved at iteration"):
        shown.add_column(head, justify="left" if head == "sheet" else "right")
    for table in tables:
        curve = table.e_total(DEFAULT)
        shown.add_row(sheet_name(table.learning_rate), f"{curve[0]:.6g}", f"{curve[-1]:.6g}", str(halved(curve)))
    Console().print(shown)


def _train(args: argparse.Namespace, path: Path) -> None:
    """Train into the workbook, on MNIST if it can be had, else on scikit-learn's digits."""
    try:
        from trainer.data import choose_dataset
        from workbook.live.file import WorkbookFile
    except ImportError as error:
        say(f"Not trained: the package {error.name} is missing; run {INSTALL}.")
        return
    dataset, sentence = (args.dataset, "") if args.dataset else choose_dataset(args.data_dir)
    if sentence:
        say(sentence)
    parser = argparse.ArgumentParser()
    trainer_cli.add_arguments(parser)
    folder = args.data_dir if dataset == "mnist" else None
    wanted = argparse.Namespace(recipe="quick", dataset=dataset, data_dir=folder)
    target = WorkbookFile(path)
    trainer_cli.run(parser.parse_args([], wanted), target.show)
    target.finish(None)
    say(target.sentence())
