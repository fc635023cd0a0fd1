"""`gradsheet check`: files in, verdicts on the terminal, as JSON, CSV, or as an annotated or mended copy."""

from __future__ import annotations

import argparse
import csv
import glob
import io
import json
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from workbook.check.report_text import effect_text, table_text
from xlfuncs.errors import GradsheetError

if TYPE_CHECKING:
    from workbook.check.findings import FileReport

SUFFIXES = (".xlsx", ".xlsm", ".xltx", ".xltm")
DETAILED = 3  # files up to which every finding is printed
PARALLEL = 8  # files from which more than one process pays
CHUNK = 4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `gradsheet check`."""
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="workbooks, folders of workbooks or patterns like *.xlsx"
    )
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    parser.add_argument("--csv", metavar="OUT.csv", type=Path, help="write file, verdict, faults, first fault as CSV")
    parser.add_argument(
        "--annotate",
        metavar="OUT.xlsx",
        type=Path,
        help="a copy with the wrong cells coloured and commented (one FILE)",
    )
    parser.add_argument("--fix", metavar="OUT.xlsx", type=Path, help="a copy with the formulas mended (one FILE)")


def run(args: argparse.Namespace) -> int:
    """Check the files; 0 all right, 1 something is wrong or not judged, 2 a file could not be read."""
    paths = list(_paths(args.files))
    _refuse_outputs(args, paths)
    reports = _check_all(paths, quiet=args.json or not sys.stderr.isatty())
    if args.csv is not None:
        _write_csv(args.csv, reports)
    if args.annotate is not None or args.fix is not None:
        _write_copies(args, paths[0])
    if args.json:
        json.dump([_finite(report.as_dict()) for report in reports], sys.stdout, ensure_ascii=False, indent=1)
        print()
    else:
        _print(reports)
    verdicts = {report.verdict for report in reports}
    return 2 if "unreadable" in verdicts else 1 if verdicts & {"wrong", "not judged"} else 0


def _paths(names: Iterable[str]) -> Iterator[Path]:
    """Every file named, folders and patterns opened up, each once."""
    seen: set[Path] = set()
    for name in names:
        path = Path(name)
        if path.is_dir():
            found = sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES and not p.name.startswith("~$"))
            if not found:
                raise GradsheetError(f"{name} is a folder without .xlsx files; give another folder or a file.")
        elif not path.exists() and any(mark in name for mark in "*?["):
            found = sorted(Path(p) for p in glob.glob(name, recursive=True))
            if not found:
                raise GradsheetError(f"No file matches {name}; check the folder and the pattern.")
        elif not path.exists():
            raise GradsheetError(f"{name} does not exist; check the name.")
        else:
            found = [path]
        for one in found:
            if one.resolve() not in seen:
                seen.add(one.resolve())
                yield one


def _refuse_outputs(args: argparse.Namespace, paths: list[Path]) -> None:
    outputs = [path for path in (args.csv, args.annotate, args.fix) if path is not None]
    for option in ("annotate", "fix"):
        if getattr(args, option) is not None and len(paths) != 1:
            raise GradsheetError(f"--{option} makes a copy of one file; give one FILE, not {len(paths)}.")
    originals = {path.resolve() for path in paths}
    if any(path.resolve() in originals for path in outputs):
        raise GradsheetError("The original is never written to; give another name for the copy.")
    if len({path.resolve() for path in outputs}) < len(outputs):
        raise GradsheetError("--csv, --annotate and --fix need different file names.")


def _check_all(paths: list[Path], quiet: bool) -> list[FileReport]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("checking"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=quiet or len(paths) < 2) as progress:
        return list(progress.track(check_files(paths), total=len(paths)))


def check_files(paths: list[Path], workers: int | None = None) -> Iterator[FileReport]:
    """The reports of many files in their order, several at a time where that is faster."""
    from workbook.check.checker import check_file

    workers = min(workers or os.cpu_count() or 1, len(paths) // CHUNK or 1)
    if workers < 2 or len(paths) < PARALLEL:
        yield from map(check_file, paths)
        return
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(check_file, paths, chunksize=CHUNK)


def _write_csv(path: Path, reports: list[FileReport]) -> None:
    from workbook.files import write_whole

    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["file", "verdict", "faults", "first fault"])
    for report in reports:
        writer.writerow(
            [_harmless(str(x)) for x in (report.file, report.verdict, len(report.faults), first_fault(report))]
        )
    with write_whole(path) as file:
        file.write("\ufeff".encode() + text.getvalue().encode())  # the mark tells Excel that it is UTF-8


def _harmless(cell: str) -> str:
    """Text that a spreadsheet won't take for a formula."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def first_fault(report: FileReport) -> str:
    """One line: the sentence of a file that can't be read, its first fault, or why it isn't judged."""
    if report.error is not None:
        return report.error
    if not report.faults:
        return report.reasons[0] if report.reasons else ""
    fault = report.faults[0]
    return f"{fault.sheet}!{fault.range}: {fault.message}"


def _write_copies(args: argparse.Namespace, path: Path) -> None:
    from workbook.check.checker import check_book
    from workbook.check.copies import annotate
    from workbook.check.mending import mend
    from workbook.check.reader import read_book

    book = read_book(path)
    report, tables = check_book(book)
    if args.annotate is not None:
        annotate(book, report, args.annotate)
        print(f"{args.annotate}: the wrong cells are coloured, the sheet Check lists them.", file=sys.stderr)
    if args.fix is not None:
        done = mend(book, report, tables, args.fix)
        print(f"{args.fix}: {done}", file=sys.stderr)


def _print(reports: list[FileReport]) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    if len(reports) <= DETAILED:
        for report in reports:
            _print_report(console, report)
        return
    from rich.table import Table
    from rich.text import Text

    table = Table("file", "verdict", "faults", "first fault", expand=True)
    for report in reports:
        style = {"wrong": "red", "right": "green", "unreadable": "magenta"}.get(report.verdict, "yellow")
        name = Text(os.path.basename(report.file))
        table.add_row(name, Text(report.verdict, style), str(len(report.faults)), Text(first_fault(report)))
    console.print(table)
    counts = {
        verdict: sum(r.verdict == verdict for r in reports) for verdict in dict.fromkeys(r.verdict for r in reports)
    }
    console.print(f"{len(reports)} files: " + ", ".join(f"{count} {verdict}" for verdict, count in counts.items()))


def _print_report(console, report: FileReport) -> None:
    from rich.text import Text

    console.print(Text(f"{report.file}: {report.verdict}", "bold"))
    if report.error is not None:
        console.print(Text(f"  {report.error}"))
    elif not report.tables:
        console.print(
            Text("  No table of this exercise was found (a header row with w1, h1, a_h1, E_total, ∂E/∂w1, …).")
        )
    for table in report.tables:
        console.print(_indented(2, table_text(table)))
        for finding in table.findings:
            _print_finding(console, finding)
    for finding in report.charts:
        console.print(_indented(4, f"note: {finding.message}"))


def _print_finding(console, finding) -> None:
    count = f" ({finding.count} cells)" if finding.count > 1 else ""
    mark = "note: " if finding.note else ""
    console.print(_indented(4, f"{mark}{finding.range}{count}: {finding.message}"))
    if finding.parts and finding.parts[0].formula != "nothing":
        part = finding.parts[0]
        cell = part.range.partition(":")[0]
        console.print(_indented(8, f"{cell} has       {part.formula}"))
        if part.right is not None:
            console.print(_indented(8, f"{' ' * len(cell)} should be {part.right}"))
    effect = effect_text(finding)
    if effect:
        console.print(_indented(8, effect))


def _indented(by: int, text: str):
    """Text that keeps its indent where the terminal wraps it."""
    from rich.padding import Padding
    from rich.text import Text

    return Padding(Text(text), (0, 0, 0, by), expand=False)


def _finite(value):
    """JSON has no infinity."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    if (isinstance(value, float) and value in (float("inf"), float("-inf"))) or value != value:
        return None
    return value
