"""The command `gradsheet`."""

import argparse
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from workbook import options
from xlfuncs.errors import GradsheetError
from xlfuncs.network import ITERATIONS, LEARNING_RATES, Network

if TYPE_CHECKING:
    from workbook.lr_sheet import RateTable

DEMO = "gradsheet.xlsx"
LONG_BUILD = 20_000  # table rows from which a progress bar is shown


class Parser(argparse.ArgumentParser):
    """argparse whose errors are one sentence, without the usage lines."""

    def error(self, message: str) -> NoReturn:
        """Print the sentence and exit with 2."""
        print(f"{self.prog}: {message} (see {self.prog} --help)", file=sys.stderr)
        raise SystemExit(2)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit code is 0 for done, 1 for a difference found, 2 for a mistake of the user's."""
    args = _parser().parse_args(arguments)
    try:
        return args.run(args)
    except GradsheetError as error:
        print(f"gradsheet: {error}", file=sys.stderr)
        return 2
    except MemoryError:
        print(
            "gradsheet: There is too little memory for this; use fewer iterations or learning rates.", file=sys.stderr
        )
        return 2
    except KeyboardInterrupt:
        print("gradsheet: Stopped; nothing was written.", file=sys.stderr)
        return 130


def _parser() -> Parser:
    parser = Parser(prog="gradsheet", description="Neural-network training made visible in a spreadsheet.")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_build(commands)
    _add_demo(commands)
    return parser


def _add_build(commands) -> None:
    parser = commands.add_parser("build", help="write the backpropagation workbook")
    parser.add_argument("out", metavar="OUT.xlsx", type=Path, help="the file to write")
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
        choices=("native", "values"),
        default="native",
        help="native: every cell a formula with its value; values: numbers only (default: %(default)s)",
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing; exit with 1 and the first cell that differs if OUT.xlsx is not what would be built",
    )
    parser.set_defaults(run=_build)


def _add_demo(commands) -> None:
    parser = commands.add_parser("demo", help=f"build {DEMO} in this folder and say what it holds")
    parser.set_defaults(run=_demo)


def _build(args: argparse.Namespace) -> int:
    network = options.network(args.layers, args.inputs, args.targets, args.weights)
    rates = options.learning_rates(args.lr)
    if args.out.suffix.lower() != ".xlsx":
        raise GradsheetError(f"{args.out} must end in .xlsx, the kind of file that is written.")
    native = args.formulas == "native"
    if args.check:
        return _check(args.out, network, rates, args.iterations, native=native)
    _write(args.out, network, rates, args.iterations, native=native)
    count = "1 learning rate" if len(rates) == 1 else f"{len(rates)} learning rates"
    print(f"{args.out}: {count}, {args.iterations:,} iterations each. Open it and begin with the sheet Start.")
    return 0


def _write(
    path: Path, network: Network, rates: Sequence[float], iterations: int, *, native: bool = True
) -> "list[RateTable]":
    from rich.console import Console
    from rich.progress import Progress

    from workbook import build

    tables = build.compute(network, rates, iterations)
    total = len(rates) * iterations
    with Progress(console=Console(stderr=True), disable=total < LONG_BUILD, transient=True) as progress:
        task = progress.add_task(f"writing {path.name}", total=total)
        build.save(path, network, tables, native=native, on_rows=lambda rows: progress.advance(task, rows))
    return tables


def _check(path: Path, network: Network, rates: list[float], iterations: int, *, native: bool) -> int:
    from workbook import build, compare

    tables = build.compute(network, rates, iterations)
    built = io.BytesIO()
    build.write(built, network, tables, native=native)
    built.seek(0)
    try:
        with open(path, "rb") as file:
            difference = compare.first_difference(built, file)
    except OSError as error:
        raise GradsheetError(f"{path} can't be read ({error.strerror}); build it first, without --check.") from error
    if difference:
        print(f"{path} is not what gradsheet builds. {difference}")
        return 1
    print(f"{path} is what gradsheet builds.")
    return 0


def _demo(args: argparse.Namespace) -> int:
    from rich.console import Console
    from rich.table import Table

    from workbook.start_sheet import halved
    from workbook.texts import plain
    from xlfuncs.network import DEFAULT

    path = _demo_path(Path(DEMO))
    tables = _write(path, DEFAULT, LEARNING_RATES, ITERATIONS)
    shown = Table(title=f"{path}: a 2-2-2 network trained at {len(tables)} learning rates")
    for head in ("sheet", "E_total at iteration 1", f"at iteration {ITERATIONS}", "halved at iteration"):
        shown.add_column(head, justify="left" if head == "sheet" else "right")
    for table in tables:
        curve = table.table[:, DEFAULT.column_names.index("E_total")]
        name = f"LR={table.learning_rate!r}"
        shown.add_row(name, f"{curve[0]:.6g}", f"{curve[-1]:.6g}", str(halved(curve)))
    Console().print(shown)
    rate = plain(LEARNING_RATES[0])
    print(
        f"Next: open {path} in Excel or LibreOffice. Start holds the yellow cells to change; every number follows.\n"
        f"On the sheet LR={rate}, click any cell of the table to see the formula behind its number."
    )
    return 0


def _demo_path(path: Path) -> Path:
    """Where the demo may write: never over a file that somebody has changed."""
    from workbook import build
    from xlfuncs.network import DEFAULT

    candidates = [path, *(path.with_stem(f"{path.stem}-{k}") for k in range(2, 1000))]
    fresh = io.BytesIO()
    build.write(fresh, DEFAULT, build.compute(DEFAULT, LEARNING_RATES, ITERATIONS))
    for candidate in candidates:
        if not candidate.exists():
            break
        if candidate.is_file() and candidate.read_bytes() == fresh.getvalue():
            break
    if candidate != path:
        print(f"{path} is already here and is not as the demo would write it; it stays as it is.")
    return candidate


if __name__ == "__main__":
    sys.exit(main())
