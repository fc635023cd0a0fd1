"""`gradsheet build`: write the workbook, or see whether a file is what would be written."""

import argparse
import io
from collections.abc import Callable
from functools import partial
from pathlib import Path

from trainer.refusals import reason
from trainer.terminal import say
from workbook import build, network_options, options
from workbook.commands.workbooks import check_name, has_macros, say_kept, write_with_bar
from workbook.existing.origin import Output
from workbook.parts.page import FORMULAS, NATIVE, UDF
from workbook.sheets import python_table, run_report
from xlfuncs.errors import OptionError, UnreadableError
from xlfuncs.network import ITERATIONS, LEARNING_RATES


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `gradsheet build`."""
    parser.add_argument("out", metavar="OUT.xlsx", type=Path, help="the file to write; with .xlsm it has macros")
    parser.add_argument(
        "--lr",
        metavar="RATES",
        help=f"learning rates, a sheet each (default: {','.join(map(repr, LEARNING_RATES))}, or the preset's)",
    )
    parser.add_argument(
        "--iterations", type=int, metavar="N", help=f"rows of each table (default: {ITERATIONS}, or the preset's)"
    )
    network_options.add_arguments(parser)
    parser.add_argument(
        "--formulas",
        choices=FORMULAS,
        help="native: every cell a formula with its value; values: numbers only; udf: tables that Excel's functions "
        "fill from Python (default: native; for .xlsm udf, unless the network is one that only the NN_ functions know)",
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing; exit with 1 and the first cell that differs if OUT.xlsx is not what would be built",
    )
    parser.add_argument(
        "--run", dest="run_dir", metavar="RUN_DIR", type=Path, help="add the sheets of this training run"
    )
    parser.add_argument(
        "--training",
        action="store_true",
        help="add the sheet Training with its settings, for LibreOffice's buttons (.xlsm always has it)",
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help="replace OUT.xlsx even if it was changed or isn't gradsheet's; the old file is kept beside it",
    )
    parser.set_defaults(advice="use fewer iterations or learning rates")


def run(args: argparse.Namespace) -> int:
    """Write the workbook, or with --check only compare; 1 where the file differs."""
    lesson = network_options.lesson_of(args)
    network, samples = lesson.network, lesson.samples
    rates = list(lesson.learning_rates) if args.lr is None else options.learning_rates(args.lr)
    iterations = lesson.iterations if args.iterations is None else args.iterations
    check_name(args.out)
    macros = has_macros(args.out)
    formulas = args.formulas or (UDF if macros and network.is_plain and not samples else NATIVE)
    if formulas == UDF and not macros:
        raise OptionError(f"--formulas udf needs macros; name the file {args.out.with_suffix('.xlsm').name}.")
    if formulas == UDF and samples:
        raise OptionError("--formulas udf fills tables of one sample only; use --formulas native.")
    if formulas == UDF:
        python_table.refuse_long(network, iterations)
    tables = build.compute(network, rates, iterations, samples)
    output = None if args.check else Output(args.out, force=args.force)
    report = run_report.of_folder(args.run_dir) if args.run_dir else None
    contents = partial(
        build.write,
        network=network,
        tables=tables,
        formulas=formulas,
        macros=macros,
        report=report,
        training_sheet=args.training,
        samples=samples,
        story=lesson.story if args.lr is None and args.iterations is None else "",
    )
    if output is None:
        return _check(args.out, contents)
    with output.open() as file:
        write_with_bar(contents, file, args.out, len(rates) * iterations)
    count = "1 learning rate" if len(rates) == 1 else f"{len(rates)} learning rates"
    say(f"{args.out}: {count}, {iterations:,} iterations each. Open it and begin with the sheet Start.")
    say_kept(output.backup)
    return 0


def _check(path: Path, contents: Callable[..., None]) -> int:
    from workbook import compare

    built = io.BytesIO()
    contents(built)
    built.seek(0)
    try:
        with open(path, "rb") as file:
            difference = compare.first_difference(built, file)
    except OSError as error:
        raise UnreadableError(f"{path} can't be read ({reason(error)}); build it first, without --check.") from error
    if difference:
        say(f"{path} is not what gradsheet builds. {difference}")
        return 1
    say(f"{path} is what gradsheet builds.")
    return 0
