"""The checker's time a file, beside the plain reading time of openpyxl and python-calamine, alternated in one run.

On the hand-made sheets in ../shared/sheets (left out where they aren't), on a generated one of 10,000 rows, and on 200
generated ones of the usual size (80 rows) through the command's own way of checking many files.

    python tests/benchmarks/check_speed.py [--rounds 5] [--json OUT]
"""

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.check.generate import Design, Sheet  # noqa: E402

SHEETS = Path(os.environ.get("GRADSHEET_SHARED", ROOT.parent / "shared")) / "sheets"
USUAL_ROWS, LONG_ROWS, MANY = 80, 10_000, 200
PACKAGES = ("openpyxl", "python-calamine", "lxml", "numpy")


def generated(path, seed, rows):
    """A right sheet in one of the many layouts."""
    sheet = Sheet(Design.any(seed, sizes=(2, 2, 2), bias=False, rows=rows))
    path.write_bytes(sheet.package())
    return path


def check(path):
    """Ours: reading, judging every formula, recomputing the table."""
    from workbook.check.checker import check_file

    report = check_file(path)
    assert report.error is None, report.error


def openpyxl(path):
    """Reading alone: every cell's formula."""
    from openpyxl import load_workbook

    book = load_workbook(path, read_only=True)
    for sheet in book.worksheets:
        for _ in sheet.iter_rows():
            pass
    book.close()


def calamine(path):
    """Reading alone: every cell's value and formula."""
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_path(str(path))
    for name in book.sheet_names:
        book.get_sheet_by_name(name).to_python()


READERS = {"gradsheet check": check, "openpyxl, reading alone": openpyxl, "python-calamine, reading alone": calamine}


def seconds(paths, rounds):
    """The median over the rounds of the time for all files, each reader in turn."""
    found = {name: [] for name in READERS}
    for _ in range(rounds):
        for name, read in READERS.items():
            start = time.perf_counter()
            for path in paths:
                read(path)
            found[name].append(time.perf_counter() - start)
    return {name: statistics.median(times) / len(paths) for name, times in found.items()}


def many(paths):
    """All files through the command: seconds, processes included."""
    from workbook.check.cli import check_files

    start = time.perf_counter()
    assert all(report.error is None for report in check_files(paths))
    return time.perf_counter() - start


def main():
    """Measure, print, and write where --json says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        usual = [generated(Path(folder) / f"{seed:03}.xlsx", seed, USUAL_ROWS) for seed in range(MANY)]
        long = generated(Path(folder) / "long.xlsx", 1, LONG_ROWS)
        sets = {f"a usual sheet of {USUAL_ROWS} rows": usual[:20], f"one of {LONG_ROWS:,} rows": [long]}
        if SHEETS.is_dir():
            sets = {"the twelve hand-made sheets": sorted(SHEETS.glob("*.xlsx")), **sets}
        result = {
            "rounds": args.rounds,
            "hardware": f"{os.cpu_count()} CPUs, {platform.machine()}",
            "versions": {"python": platform.python_version(), **{p: version(p) for p in PACKAGES}},
            "seconds_a_file": {name: seconds(paths, args.rounds) for name, paths in sets.items()},
            f"seconds_for_{MANY}": [many(usual) for _ in range(min(args.rounds, 3))],
        }
    for times in result["seconds_a_file"].values():
        ours = times["gradsheet check"]
        times["ratio_to_openpyxl"] = ours / times["openpyxl, reading alone"]
        times["ratio_to_calamine"] = ours / times["python-calamine, reading alone"]
    text = json.dumps(result, indent=1)
    print(text)
    if args.json:
        args.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
