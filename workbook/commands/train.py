"""`gradsheet train`: the trainer's own command, and the workbook that its epochs come into."""

import argparse

from trainer import cli as trainer_cli
from trainer import endings
from trainer.terminal import say
from workbook.commands.workbooks import check_name, say_kept


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `gradsheet train`."""
    trainer_cli.add_arguments(parser)
    parser.add_argument(
        "--force",
        action="store_true",
        help="put a new workbook in the place of one that isn't gradsheet's; the old file is kept beside it",
    )


def run(args: argparse.Namespace) -> int:
    """Train; the trainer's exit code, or 2 where the workbook isn't complete."""
    if args.workbook is None:
        return trainer_cli.run(args)
    check_name(args.workbook)
    from workbook.live.file import WorkbookFile

    target = WorkbookFile(args.workbook, force=args.force)
    code = trainer_cli.run(args, target.show)
    complete = target.finish(args.resume)
    if complete:
        say(target.sentence())
    else:
        endings.tell(target.sentence())
    say_kept(target.backup)
    return code if complete else code or endings.MISTAKE
