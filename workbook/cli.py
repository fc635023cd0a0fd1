"""The command `gradsheet`: which commands there are. Each is a module that is loaded when it is called."""

import argparse
import sys
from collections.abc import Sequence

from trainer import endings
from workbook.parser import Command, Parser, Version
from xlfuncs.errors import TooLittleMemoryError

COMMANDS = {
    "build": ("workbook.commands.build", "write the backpropagation workbook"),
    "train": ("workbook.commands.train", "train the MNIST CNN, its epochs in a run folder and a workbook"),
    "check": ("workbook.check.cli", "find what is wrong in hand-made backpropagation sheets"),
    "cnn": ("workbook.commands.cnn", "write a trained network as formulas, layer by layer"),
    "libreoffice": ("workbook.calc.install", "bring the functions and buttons into LibreOffice"),
    "demo": ("workbook.commands.demo", "build gradsheet.xlsx here, train into it, and say what it holds"),
}
"""Each command's module, with `add_arguments(parser)` and `run(args)`, and its line in the help."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code, see `trainer.endings`."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a Windows console may have no ∂
    return endings.concluded(lambda: _run(arguments))


def _run(arguments: Sequence[str] | None) -> int:
    with endings.at_once():
        args = _parser().parse_args(arguments)
    try:
        return args.run(args)
    except MemoryError as error:
        raise TooLittleMemoryError(args.advice) from error


def _parser() -> Parser:
    parser = Parser(prog="gradsheet", description="Neural-network training made visible in a spreadsheet.")
    parser.add_argument("--version", action=Version, help="show the version and exit")
    parser.set_defaults(run=lambda args: _help(parser), advice=endings.CLOSE_PROGRAMS)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", parser_class=Command)
    for name, (module, line) in COMMANDS.items():
        commands.add_parser(name, module=module, help=line)
    return parser


def _help(parser: argparse.ArgumentParser) -> int:
    parser.print_help()
    return endings.DONE


if __name__ == "__main__":
    sys.exit(main())
