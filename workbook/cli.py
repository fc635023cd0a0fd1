"""The command `gradsheet`."""

import argparse
import io
import re
import sys
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TextIO

from trainer.names import DATASETS, INSTALL
from workbook import build, endings, options, run_report
from workbook.layout import sheet_name
from workbook.page import FORMULAS, NATIVE, UDF
from workbook.terminal import say
from workbook.texts import plain
from xlfuncs.errors import GradsheetError, TooLittleMemoryError
from xlfuncs.network import DEFAULT, ITERATIONS, LEARNING_RATES, Network

if TYPE_CHECKING:
    from trainer.run import Run
    from workbook.rate_rows import RateTable
    from workbook.run_report import RunReport

DEMO = "gradsheet.xlsx"
LONG_BUILD = 20_000  # table rows from which a progress bar is shown


class Parser(argparse.ArgumentParser):
    """argparse whose errors are one sentence, without the usage lines, and for which -1e5,1 is no option."""

    def __init__(self, *args, **options):
        """Options as argparse has them."""
        super().__init__(*args, **options)
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
        default=",".join(map(repr, LEARNING_RATES)),
        help="learning rates, a sheet each (default: %(default)s)",
    )
    parser.add_argument(
        "--iterations", type=int, default=ITERATIONS, metavar="N", help="rows of each table (default: %(default)s)"
    )
    parser.add_argument(
        "--layers", metavar="I-H-O", help="inputs-hidden-outputs (default: 2-2-2, or what the lists give)"
    )
    parser.add_argument("--inputs", metavar="NUMBERS", help="i1,i2,… (default: 0.05,0.1)")
    parser.add_argument("--targets", metavar="NUMBERS", help="t1,t2,… (default: 0.5,0.5)")
    parser.add_argument("--weights", metavar="NUMBERS", help="start weights w1,w2,… (default: 0.15,0.2,0.25,0.3,0.4,…)")
    parser.add_argument(
        "--formulas",
        choices=FORMULAS,
        help="native: every cell a formula with its value; values: numbers only; udf: tables that Excel's functions "
        "fill from Python (default: native, for .xlsm udf)",
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing; exit with 1 and the first cell that differs if OUT.xlsx is not what would be built",
    )
    parser.add_argument(
        "--run", dest="run_dir", metavar="RUN_DIR", type=Path, help="add the sheets of this training run"
    )
    parser.set_defaults(run=_build, advice="use fewer iterations or learning rates")


def _add_train(commands) -> None:
    from trainer.cli import add_arguments

    parser = commands.add_parser("train", help="train the MNIST CNN, its epochs in a run folder and a workbook")
    add_arguments(parser)
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
    network = options.network(args.layers, args.inputs, args.targets, args.weights)
    rates = options.learning_rates(args.lr)
    _check_name(args.out)
    formulas = args.formulas or (UDF if _has_macros(args.out) else NATIVE)
    if formulas == UDF and not _has_macros(args.out):
        raise GradsheetError(f"--formulas udf needs macros; name the file {args.out.with_suffix('.xlsm').name}.")
    report = run_report.of_folder(args.run_dir) if args.run_dir else None
    if args.check:
        return _check(args.out, network, rates, args.iterations, formulas=formulas, report=report)
    _write(args.out, network, rates, args.iterations, formulas=formulas, report=report)
    count = "1 learning rate" if len(rates) == 1 else f"{len(rates)} learning rates"
    say(f"{args.out}: {count}, {args.iterations:,} iterations each. Open it and begin with the sheet Start.")
    return 0


def _check_name(out: Path) -> None:
    if out.suffix.lower() not in (".xlsx", ".xlsm"):
        raise GradsheetError(f"{out} must end in .xlsx, or in .xlsm for a workbook with macros.")


def _has_macros(out: Path) -> bool:
    return out.suffix.lower() == ".xlsm"


def _write(
    path: Path,
    network: Network,
    rates: Sequence[float],
    iterations: int,
    *,
    formulas: str = NATIVE,
    report: "RunReport | None" = None,
) -> "list[RateTable]":
    from rich.console import Console
    from rich.progress import Progress

    tables = build.compute(network, rates, iterations)
    total = len(rates) * iterations
    with Progress(console=Console(stderr=True), disable=total < LONG_BUILD, transient=True) as progress:
        task = progress.add_task(f"writing {path.name}", total=total)
        build.save(
            path,
            network,
            tables,
            formulas=formulas,
            macros=_has_macros(path),
            report=report,
            on_rows=lambda rows: progress.advance(task, rows),
        )
    return tables


def _train(args: argparse.Namespace) -> int:
    from trainer import cli as trainer_cli

    if args.workbook is None:
        return trainer_cli.run(args)
    _check_name(args.workbook)
    code = trainer_cli.run(args, _into(args.workbook))
    say(f"{args.workbook}: the sheets Training, Architecture, Mistakes and Digit pad show this run.")
    return code


def _into(path: Path) -> "Callable[[Run], None]":
    """Shows a run in the file, epoch by epoch."""
    from workbook.live.file import WorkbookFile

    target = WorkbookFile(path)
    return lambda run: target.show(run, len(run.rows) - 1)


def _check(
    path: Path,
    network: Network,
    rates: list[float],
    iterations: int,
    *,
    formulas: str,
    report: "RunReport | None",
) -> int:
    from workbook import compare

    tables = build.compute(network, rates, iterations)
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
    path = _free(Path(DEMO))
    tables = _write(path, DEFAULT, LEARNING_RATES, ITERATIONS)
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


def _free(path: Path) -> Path:
    """The path, or its next free neighbour: somebody may have changed the numbers in an older demo."""
    names = [path, *(path.with_stem(f"{path.stem}-{k}") for k in range(2, 1000))]
    return next((name for name in names if not name.exists()), path)


def _show(path: Path, tables: "list[RateTable]") -> None:
    from rich.console import Console
    from rich.table import Table

    from workbook.start_sheet import halved

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
    trainer_cli.run(parser.parse_args(wanted), _into(path))
    say(f"{path} now also holds the sheets Training, Architecture, Mistakes and Digit pad.")


if __name__ == "__main__":
    sys.exit(main())
