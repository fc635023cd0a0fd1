"""`gradsheet cnn`: a workbook with a run's trained network alive in its cells."""

import argparse
from pathlib import Path

from trainer.terminal import say
from workbook.commands.workbooks import check_name, has_macros, say_kept
from workbook.existing.origin import Output
from xlfuncs.errors import OptionError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `gradsheet cnn`."""
    parser.add_argument("out", metavar="OUT.xlsx", type=Path, help="the file to write")
    parser.add_argument(
        "--run",
        dest="run_dir",
        metavar="RUN_DIR",
        type=Path,
        help="the run whose best network is shown (default: the best one of your runs)",
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help="replace OUT.xlsx even if it was changed or isn't gradsheet's; the old file is kept beside it",
    )


def run(args: argparse.Namespace) -> int:
    """Write the workbook."""
    check_name(args.out)
    if has_macros(args.out):
        raise OptionError(f"{args.out} must end in .xlsx: this workbook needs no macros.")
    from workbook.cnn import file

    output = Output(args.out, force=args.force)
    shown, about = file.of_run(args.run_dir)
    file.write_into(output, shown)
    say(f"{args.out}: {about}. Draw on the sheet Draw, and see the sheet CNN follow.")
    say_kept(output.backup)
    return 0
