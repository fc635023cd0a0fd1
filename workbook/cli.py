"""The command `gradsheet`."""

import argparse
import io
import os
import re
import sys
import textwrap
from collections.abc import Sequence
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NoReturn, TextIO

from trainer.files import write_whole
from trainer.names import DATASETS, INSTALL
from trainer.terminal import say
from workbook import build, endings, network_options, options
from workbook.existing.origin import Output
from workbook.parts.page import FORMULAS, NATIVE, UDF
from workbook.parts.texts import plain
from workbook.sheets import python_table, run_report
from workbook.sheets.layout import sheet_name
from xlfuncs.errors import GradsheetError, TooLittleMemoryError
from xlfuncs.network import DEFAULT, ITERATIONS, LEARNING_RATES, Network

if TYPE_CHECKING:
    from workbook.sheets.rate_table import RateTable
    from workbook.sheets.run_report import RunReport

DEMO = "gradsheet.xlsx"
LONG_BUILD = 20_000  # table rows from which a progress bar is shown


class _Help(argparse.HelpFormatter):
    """argparse's help, which breaks lines between words only: not inside binary-cross-entropy."""

    def _split_lines(self, text: str, width: int) -> list[str]:
        return textwrap.wrap(" ".join(text.split()), width, break_long_words=False, break_on_hyphens=False)


class Parser(argparse.ArgumentParser):
    """argparse whose errors are one sentence, without the usage lines, and for which -1e5,1 is no option."""

    def __init__(self, *args, **options):
        """Options as argparse has them."""
        super().__init__(*args, formatter_class=_Help, **options)
        # argparse's own pattern knows -1 and -0.5 only. Without this attribute -1e5 would merely need a = again.
        self._negative_number_matcher = re.compile(r"-\.?\d")

    def print_help(self, file: TextIO | None = None) -> None:
        """Print the help; argparse's own method hides that it couldn't."""
        say(self.format_help().rstrip(), file)

    def error(self, message: str) -> NoReturn:
        """Print the sentence and exit with 2."""
        endings.tell(f"{message} (see {self.prog} --help)", self.prog)
        raise SystemExit(endings.MISTAKE)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code, see `workbook.endings`."""
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


class Version(argparse.Action):
    """--version: the installed package's, which pyproject.toml gives."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str):
        """No value follows."""
        super().__init__(option_strings, argparse.SUPPRESS, nargs=0, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *args: object) -> NoReturn:
        """Print it and exit with 0."""
        try:
            say(f"gradsheet {metadata.version('gradsheet')}")
        except metadata.PackageNotFoundError as error:
            raise GradsheetError(f"gradsheet is not installed here, so it has no version; run {INSTALL}.") from error
        parser.exit()


def _parser() -> Parser:
    parser = Parser(prog="gradsheet", description="Neural-network training made visible in a spreadsheet.")
    parser.add_argument("--version", action=Version, help="show the version and exit")
    parser.set_defaults(run=lambda args: parser.print_help() or endings.DONE, advice=endings.CLOSE_PROGRAMS)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    _add_build(commands)
    _add_train(commands)
    _add_check(commands)
    _add_demo(commands)
    return parser


def _add_build(commands) -> None:
    parser = commands.add_parser("build", help="write the backpropagation workbook")
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
        "--force",
        action="store_true",
        help="replace OUT.xlsx even if it was changed or isn't gradsheet's; the old file is kept beside it",
    )
    parser.set_defaults(run=_build, advice="use fewer iterations or learning rates")


def _add_train(commands) -> None:
    from trainer.cli import add_arguments

    parser = commands.add_parser("train", help="train the MNIST CNN, its epochs in a run folder and a workbook")
    add_arguments(parser)
    parser.add_argument(
        "--force",
        action="store_true",
        help="put a new workbook in the place of one that isn't gradsheet's; the old file is kept beside it",
    )
    parser.set_defaults(run=_train)


def _add_check(commands) -> None:
    from workbook.check.cli import add_arguments, run

    parser = commands.add_parser("check", help="find what is wrong in hand-made backpropagation sheets")
    add_arguments(parser)
    parser.set_defaults(run=run)


def _add_demo(commands) -> None:
    parser = commands.add_parser("demo", help=f"build {DEMO} in this folder, train into it, and say what it holds")
    parser.add_argument("--no-train", action="store_true", help="only the backpropagation sheets, in a second")
    parser.add_argument("--dataset", choices=tuple(DATASETS), help="default: mnist if it can be had, else digits")
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="folder of MNIST (default: a per-user folder)")
    parser.set_defaults(run=_demo)


def _build(args: argparse.Namespace) -> int:
    preset, network = network_options.preset_of(args), network_options.network_of(args)
    rates = list(preset.learning_rates) if args.lr is None else options.learning_rates(args.lr)
    iterations = preset.iterations if args.iterations is None else args.iterations
    _check_name(args.out)
    formulas = args.formulas or (UDF if _has_macros(args.out) and network.is_plain else NATIVE)
    if formulas == UDF and not _has_macros(args.out):
        raise GradsheetError(f"--formulas udf needs macros; name the file {args.out.with_suffix('.xlsm').name}.")
    if formulas == UDF:
        python_table.refuse_long(network, iterations)
    tables = build.compute(network, rates, iterations)
    output = None if args.check else Output(args.out, force=args.force)
    report = run_report.of_folder(args.run_dir) if args.run_dir else None
    if output is None:
        return _check(args.out, network, tables, formulas=formulas, report=report)
    with output.open() as file:
        _write(file, args.out, network, tables, formulas=formulas, report=report)
    count = "1 learning rate" if len(rates) == 1 else f"{len(rates)} learning rates"
    say(f"{args.out}: {count}, {iterations:,} iterations each. Open it and begin with the sheet Start.")
    _say_kept(output.backup)
    return 0


def _say_kept(backup: Path | None) -> None:
    if backup is not None:
        say(f"The file that was there before is kept as {backup}.")


def _check_name(out: Path) -> None:
    if out.suffix.lower() not in (".xlsx", ".xlsm"):
        raise GradsheetError(f"{out} must end in .xlsx, or in .xlsm for a workbook with macros.")


def _has_macros(out: Path) -> bool:
    return out.suffix.lower() == ".xlsm"


def _write(
    file: BinaryIO,
    path: Path,
    network: Network,
    tables: "list[RateTable]",
    *,
    formulas: str = NATIVE,
    report: "RunReport | None" = None,
) -> None:
    """Write the workbook that is to be `path` into an open file, with a progress bar for a long one."""
    from rich.console import Console
    from rich.progress import Progress

    total = sum(len(table.table) for table in tables)
    with Progress(console=Console(stderr=True), disable=total < LONG_BUILD, transient=True) as progress:
        task = progress.add_task(f"writing {path.name}", total=total)
        build.write(
            file,
            network,
            tables,
            formulas=formulas,
            macros=_has_macros(path),
            report=report,
            on_rows=lambda rows: progress.advance(task, rows),
        )


def _train(args: argparse.Namespace) -> int:
    from trainer import cli as trainer_cli

    if args.workbook is None:
        return trainer_cli.run(args)
    _check_name(args.workbook)
    from workbook.live.file import WorkbookFile

    target = WorkbookFile(args.workbook, force=args.force)
    code = trainer_cli.run(args, target.show)
    complete = target.finish(args.resume)
    if complete:
        say(target.sentence())
    else:
        endings.tell(target.sentence())
    _say_kept(target.backup)
    return code if complete else code or 2


def _check(
    path: Path, network: Network, tables: "list[RateTable]", *, formulas: str, report: "RunReport | None"
) -> int:
    from workbook import compare

    built = io.BytesIO()
    build.write(built, network, tables, formulas=formulas, macros=_has_macros(path), report=report)
    built.seek(0)
    try:
        with open(path, "rb") as file:
            difference = compare.first_difference(built, file)
    except OSError as error:
        raise GradsheetError(f"{path} can't be read ({error.strerror}); build it first, without --check.") from error
    if difference:
        say(f"{path} is not what gradsheet builds. {difference}")
        return 1
    say(f"{path} is what gradsheet builds.")
    return 0


def _demo(args: argparse.Namespace) -> int:
    tables = build.compute(DEFAULT, LEARNING_RATES, ITERATIONS)
    path = _write_demo(Path(DEMO), tables)
    _show(path, tables)
    if not args.no_train:
        _demo_training(args, path)
    rate = plain(LEARNING_RATES[0])
    say(
        f"Next: open {path} in Excel or LibreOffice. Start holds the yellow cells to change; every number follows.\n"
        f"On the sheet LR={rate}, click any cell of the table to see the formula behind its number.\n"
        "For Excel's own =BP_GRAD(…) and a Run Training button (Windows): gradsheet build lesson.xlsm"
    )
    return 0


def _write_demo(path: Path, tables: "list[RateTable]") -> Path:
    """Write the demo under that name or its next free neighbour: an older demo may hold somebody's numbers."""
    for name in (path, *(path.with_stem(f"{path.stem}-{k}") for k in range(2, 1000))):
        if not os.path.lexists(name):
            with suppress(FileExistsError), write_whole(name, new=True) as file:
                _write(file, name, DEFAULT, tables)
                return name
    raise GradsheetError(f"This folder holds {path} and a thousand more of them; go to another one.")


def _show(path: Path, tables: "list[RateTable]") -> None:
    from rich.console import Console
    from rich.table import Table

    from workbook.sheets.start import halved

    shown = Table(title=f"{path}: a 2-2-2 network trained at {len(tables)} learning rates")
    for head in ("sheet", "E_total at iteration 1", f"at iteration {ITERATIONS}", "halved at iteration"):
        shown.add_column(head, justify="left" if head == "sheet" else "right")
    for table in tables:
        curve = table.e_total(DEFAULT)
        shown.add_row(sheet_name(table.learning_rate), f"{curve[0]:.6g}", f"{curve[-1]:.6g}", str(halved(curve)))
    Console().print(shown)


def _demo_training(args: argparse.Namespace, path: Path) -> None:
    """Train into the workbook, on MNIST if it can be had, else on scikit-learn's digits."""
    from trainer import cli as trainer_cli

    try:
        from trainer.data import choose_dataset
        from workbook.live.file import WorkbookFile
    except ImportError as error:
        say(f"Not trained: the package {error.name} is missing; run {INSTALL}.")
        return
    dataset, sentence = (args.dataset, "") if args.dataset else choose_dataset(args.data_dir)
    if sentence:
        say(sentence)
    parser = Parser()
    trainer_cli.add_arguments(parser)
    wanted = ["--recipe", "quick", "--dataset", dataset]
    wanted += ["--data-dir", str(args.data_dir)] if args.data_dir and dataset == "mnist" else []
    target = WorkbookFile(path)
    trainer_cli.run(parser.parse_args(wanted), target.show)
    target.finish(None)
    say(target.sentence())


if __name__ == "__main__":
    sys.exit(main())
