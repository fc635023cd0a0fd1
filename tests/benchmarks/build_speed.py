"""The exporter against openpyxl's write-only mode and XlsxWriter: time ratio and peak memory, one run, alternated.

10,000 iterations × 6 learning rates: 1,920,000 cells, nearly all of them formulas. openpyxl writes the same formulas
without cached values, XlsxWriter with them (`value=`, constant_memory); both write bare tables, ours the whole
workbook with styles, texts, pictures and charts. Each run is a process of its own.

    python tests/benchmarks/build_speed.py [--iterations 10000] [--runs 5] [--json OUT]
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from html import unescape
from importlib.metadata import version
from pathlib import Path

from xlfuncs.network import DEFAULT, LEARNING_RATES

WRITERS = ("gradsheet", "openpyxl", "xlsxwriter")


def rows(iterations):
    """The tables that both others write: (sheet, row number, formulas or numbers, values)."""
    from workbook import build
    from workbook.sheets.layout import Layout, absolute, sheet_name
    from workbook.sheets.rate_table import _formulas

    layout = Layout(DEFAULT, iterations)
    both = _formulas(layout, False, absolute(layout.learning_rate))
    # As XML: without its tag, and < and > as they are.
    first, below = ([p and unescape(p.removeprefix("<f>").removesuffix("</f>")) for p in part] for part in both)
    for table in build.compute(DEFAULT, LEARNING_RATES, iterations):
        name = sheet_name(table.learning_rate)
        for k in range(iterations):
            row = layout.first_row + k
            patterns = below if k else first
            values = table.table[k].tolist()
            formulas = [f"={p.format(row - 1, row)}" if p else v for p, v in zip(patterns, values, strict=True)]
            yield name, row, formulas, values


def write_gradsheet(path, iterations):
    """Ours."""
    from workbook.build import build

    build(path, DEFAULT, LEARNING_RATES, iterations)


def write_openpyxl(path, iterations):
    """The same formulas, no cached values, no formats."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    book.create_sheet("Start")
    sheets = {}
    for name, _, formulas, _ in rows(iterations):
        sheet = sheets.get(name) or sheets.setdefault(name, book.create_sheet(name))
        sheet.append(formulas)
    book.save(path)


def write_xlsxwriter(path, iterations):
    """The same formulas with their values, no formats."""
    import xlsxwriter

    book = xlsxwriter.Workbook(path, {"constant_memory": True})
    book.add_worksheet("Start")
    sheets = {}
    for name, row, formulas, values in rows(iterations):
        sheet = sheets.get(name) or sheets.setdefault(name, book.add_worksheet(name))
        for column, (formula, value) in enumerate(zip(formulas, values, strict=True)):
            if isinstance(formula, str):
                sheet.write_formula(row - 1, column, formula, None, value)
            else:
                sheet.write_number(row - 1, column, value)
    book.close()


def one_run(writer, iterations):
    """Run as a process of its own: seconds, peak memory in MB, file size in MB."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "book.xlsx")
        start = time.perf_counter()
        globals()[f"write_{writer}"](path, iterations)
        seconds = time.perf_counter() - start
        size = os.path.getsize(path) / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak_mb": peak, "file_mb": size}))


def main():
    """Alternate the writers and print a table of medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--iterations", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write the result there")
    parser.add_argument("--one", choices=WRITERS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        one_run(args.one, args.iterations)
        return
    found = {writer: [] for writer in WRITERS}
    for _ in range(args.runs):
        for writer in WRITERS:
            command = [sys.executable, __file__, "--one", writer, "--iterations", str(args.iterations)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            found[writer].append(json.loads(done.stdout))
    ratios = {
        writer: statistics.median(
            ours["seconds"] / other["seconds"] for ours, other in zip(found["gradsheet"], runs, strict=True)
        )
        for writer, runs in found.items()
    }
    from trainer.hardware import processor_name  # loads torch, which what was timed must not have

    result = {
        "what": f"{args.iterations:,} iterations x {len(LEARNING_RATES)} learning rates, n = {args.runs}, medians",
        "hardware": f"{processor_name()}, {os.cpu_count()} cores",
        "versions": {
            "python": platform.python_version(),
            **{p: version(p) for p in ("openpyxl", "XlsxWriter", "numpy")},
        },
        "writers": {
            writer: {
                **{key: round(statistics.median(run[key] for run in runs), 2) for key in runs[0]},
                "ours_to_this": round(ratios[writer], 3),
            }
            for writer, runs in found.items()
        },
    }
    text = json.dumps(result, indent=1)
    print(text)
    if args.json:
        args.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
