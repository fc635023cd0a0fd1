"""`gradsheet train`: its arguments, and what it does with them. torch is loaded only when a run starts."""

import argparse
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from trainer.endings import at_once, concluded, process
from trainer.folders import new_run_folder
from trainer.names import DATASETS, DEVICES
from trainer.recipes import (
    DEFAULT_DATASET,
    DEFAULT_DEVICE,
    DEFAULT_RECIPE,
    DEFAULT_SEED,
    RECIPES,
    SCHEDULES,
    Recipe,
    choose_recipe,
    flag,
)
from xlfuncs.errors import MissingPackageError, OptionError

if TYPE_CHECKING:
    from trainer.run import Run

RECIPE_FIELDS = [item for item in fields(Recipe) if item.name != "name"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `gradsheet train` to a (sub)parser."""
    parser.add_argument("--recipe", choices=RECIPES, help=f"how to train (default: {DEFAULT_RECIPE})")
    parser.add_argument("--dataset", choices=DATASETS, help=f"what to train on (default: {DEFAULT_DATASET})")
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="folder of MNIST (default: a per-user folder)")
    parser.add_argument("--seed", type=int, metavar="N", help=f"seed of everything random (default: {DEFAULT_SEED})")
    parser.add_argument(
        "--device", choices=DEVICES, help=f"default: {DEFAULT_DEVICE}, which is CUDA where there is one"
    )
    parser.add_argument("--run-dir", type=Path, metavar="DIR", help="folder of the run (default: a new per-user one)")
    parser.add_argument("--workbook", type=Path, metavar="OUT.xlsx", help="workbook, written after every epoch")
    parser.add_argument("--resume", type=Path, metavar="RUN_DIR", help="go on with a run after its last epoch")
    parser.add_argument(
        "--target",
        type=float,
        metavar="ACC",
        help="stop when the test accuracy reaches ACC percent; exit code 1 if it never does",
    )
    parser.add_argument("--dry-run", action="store_true", help="a few batches of everything, for CI")
    group = parser.add_argument_group("in place of the recipe's own values")
    for item in RECIPE_FIELDS:
        options = {"dest": item.name, "default": None, "help": item.metadata["help"]}
        if item.type is bool:
            group.add_argument(flag(item.name), action=argparse.BooleanOptionalAction, **options)
        elif item.type is str:
            group.add_argument(flag(item.name), choices=SCHEDULES, **options)
        else:
            group.add_argument(flag(item.name), type=item.type, metavar="N" if item.type is int else "X", **options)


def run(args: argparse.Namespace, on_epoch: Callable[["Run"], None] | None = None) -> int:
    """Train as the arguments say; on_epoch(run) is called after every epoch, for instance to write a workbook.

    Returns 0; 1 where the target was not reached; 128 + the signal's number after Ctrl-C. Raises GradsheetError for a
    user's mistake.
    """
    try:
        with at_once():
            from trainer import hardware, train
            from trainer.progress import TerminalProgress
    except ImportError as error:
        raise MissingPackageError.of(error.name, "Training") from error

    overrides = {item.name: getattr(args, item.name) for item in RECIPE_FIELDS}
    progress = TerminalProgress()
    with ExitStack() as stack, hardware.enough_memory():
        if args.resume is not None:
            check_resume(args, overrides)
            result = train.resume(
                args.resume,
                data_dir=args.data_dir,
                device=args.device,
                target=args.target,
                on_epoch=on_epoch,
                progress=progress,
            )
        else:
            recipe = choose_recipe(args.recipe or DEFAULT_RECIPE, **overrides)
            config, data = train.new_config(
                recipe,
                args.dataset or DEFAULT_DATASET,
                args.data_dir,
                seed=DEFAULT_SEED if args.seed is None else args.seed,
                device=args.device or DEFAULT_DEVICE,
                target=args.target,
                dry_run=args.dry_run,
            )
            folder = args.run_dir
            if folder is None and args.dry_run:
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gradsheet-")))
            elif folder is None:
                folder = new_run_folder(recipe.name, config.dataset)
            progress.say(f"Recipe {recipe.name} on {config.data_label}, seed {config.seed}, {config.device_name}")
            progress.say(f"Run folder: {folder}")
            result = train.train_new(folder, config, data, on_epoch, progress)
        return summarise(result, progress.say)


def check_resume(args: argparse.Namespace, overrides: dict[str, object]) -> None:
    """Raise OptionError where --resume comes with what a run in progress can't change."""
    given = [flag(name) for name, value in overrides.items() if value is not None]
    given += [flag(name) for name in ("recipe", "dataset", "seed", "run_dir") if getattr(args, name) is not None]
    given += ["--dry-run"] if args.dry_run else []
    if given:
        raise OptionError(f"A resumed run keeps what it began with; leave out {', '.join(given)}.")


def summarise(result: "Run", say: Callable[[str], None]) -> int:
    """Say how the run ended; return the exit code."""
    best, target = result.best, result.config.target
    if result.finished and result.done_before == len(result.rows):
        say(f"The run in {result.folder} is finished: all {len(result.rows)} epochs were done, nothing was left to do.")
    if best is not None:
        say(
            f"Best test accuracy on {result.config.data_label}: {best.test_accuracy:.2f} % "
            f"({best.test_correct}/{result.config.test_images}) in epoch {best.epoch}"
        )
    if not result.finished:
        say(f"Stopped after {len(result.rows)} epochs; go on with --resume {result.folder}")
        return 128 + result.stopped_by if result.stopped_by else 0
    if target is not None and not result.reached_target:
        say(f"The target of {target:g} % was not reached.")
        return 1
    return 0


def main(argv: list[str] | None = None) -> int:
    """`python -m trainer.cli`: the same as `gradsheet train`, without a workbook."""
    parser = argparse.ArgumentParser(prog="gradsheet train", description=__doc__)
    add_arguments(parser)
    return concluded(lambda: run(parser.parse_args(argv)))


if __name__ == "__main__":
    sys.exit(process("trainer.cli"))
