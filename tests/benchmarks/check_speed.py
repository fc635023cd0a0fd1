"""The checker against plain reading by openpyxl and python-calamine, alternated -> results/check_speed.json and .md.

    python tests/benchmarks/check_speed.py [--runs 5] [--shared ../shared]

A file: seconds to read, judge and measure everything in it, beside what only reading its cells takes: openpyxl twice
(formulas, then values, read-only mode, as a checker would need it) and python-calamine once (values; it has no
formulas). The sixteen real sheets, and one generated table of 10,000 rows with three faults. Two hundred files: the
command `gradsheet check` as a process of its own, for generated wrong sheets of 85 rows, each with other faults and
another look, and for the sixteen real files copied until they are two hundred.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import openpyxl
import python_calamine

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.check.generate import Design, Sheet  # noqa: E402
from tests.check.mutate import mutated  # noqa: E402
from trainer.files import write_whole  # noqa: E402
from workbook.check.checker import check_file  # noqa: E402

RESULTS = Path(__file__).parent / "results"
FILES = 200


def ours(path):
    """All that `gradsheet check` does with a file."""
    check_file(path)


def by_openpyxl(path):
    """Every cell's formula and value, nothing else."""
    for values in (False, True):
        book = openpyxl.load_workbook(path, read_only=True, data_only=values)
        for sheet in book.worksheets:
            for _ in sheet.iter_rows(values_only=True):
                pass
        book.close()


def by_calamine(path):
    """Every cell's value, nothing else."""
    book = python_calamine.CalamineWorkbook.from_path(path)
    for name in book.sheet_names:
        book.get_sheet_by_name(name).to_python()


READERS = {"gradsheet check": ours, "openpyxl, reading twice": by_openpyxl, "python-calamine, values": by_calamine}


def timed(paths, runs):
    """Median seconds for all the paths, by reader, the readers taking turns."""
    found = {name: [] for name in READERS}
    for _ in range(runs + 1):
        for name, read in READERS.items():
            start = time.perf_counter()
            for path in paths:
                read(path)
            found[name].append(time.perf_counter() - start)
    return {name: statistics.median(seconds[1:]) for name, seconds in found.items()}  # the first warms up


def long_file(folder):
    """A table of 10,000 rows with three faults, with stored values."""
    sheet = Sheet(Design.any("benchmark", rows=10_000, sizes=(2, 2, 2), bias=False, rate_at="cell", rate=0.1))
    values = sheet.values()
    for name, other in (("grad_w3", "grad_w1"), ("E_total", "E1"), ("w5", "w6")):
        for row in range(sheet.first + 5, sheet.last + 1):
            sheet.cells[row, sheet.columns[name]] = sheet.cells[row, sheet.columns[other]]
    path = folder / "rows.xlsx"
    path.write_bytes(sheet.package(values=values))
    return path


def usual_files(folder):
    """Two hundred wrong sheets of 85 rows."""
    for k in range(FILES):
        sheet, _ = mutated(f"benchmark {k}", rows=85, sizes=(2, 2, 2))
        (folder / f"{k}.xlsx").write_bytes(sheet.package())


def copied_files(folder, real):
    """The real files, again and again until they are two hundred."""
    for k in range(FILES):
        shutil.copy(real[k % len(real)], folder / f"{k}.xlsx")


def command_seconds(folder, runs):
    """Median seconds of the whole command on a folder, Python's start included."""
    found = []
    for _ in range(runs):
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "workbook.check", str(folder), "--json"], capture_output=True, check=False
        )
        found.append(time.perf_counter() - start)
        assert done.returncode == 1, done.stderr.decode()
        assert len(json.loads(done.stdout)) == FILES
    return statistics.median(found)


def main():
    """Measure, print, and write both results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    args = parser.parse_args()
    real = sorted((args.shared / "sheets").glob("*.xlsx"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        reading = {path.name: timed([path], args.runs) for path in real}
        reading["all sixteen"] = timed(real, args.runs)
        reading["10,000 rows"] = timed([long_file(folder)], args.runs)
        many = {}
        for title, fill in (
            ("200 generated wrong sheets of 85 rows", usual_files),
            ("200 copies of the sixteen real files", lambda place: copied_files(place, real)),
        ):
            place = folder / str(len(many))
            place.mkdir()
            fill(place)
            many[title] = command_seconds(place, args.runs)
    from trainer.hardware import processor_name  # loads torch, which what was timed must not have

    result = {
        "what": f"median seconds of n = {args.runs} runs, the readers taking turns",
        "hardware": f"{processor_name()}, {os.cpu_count()} cores",
        "versions": {
            "python": platform.python_version(),
            **{package: version(package) for package in ("openpyxl", "python-calamine", "lxml", "numpy")},
        },
        "seconds": {title: {k: round(v, 4) for k, v in times.items()} for title, times in reading.items()},
        "command_seconds": {title: round(seconds, 2) for title, seconds in many.items()},
    }
    text = json.dumps(result, indent=1)
    print(text)
    for ending, content in ((".json", text + "\n"), (".md", markdown(result))):
        with write_whole(RESULTS / f"check_speed{ending}") as file:
            file.write(content.encode())


def markdown(result):
    """The result as a page."""
    names = list(READERS)
    lines = [
        "# Seconds to check a file, beside only reading it",
        "",
        f"| file | {' | '.join(names)} | ours to openpyxl's reading |",
        "|---|" + "---|" * (len(names) + 1),
    ]
    for title, times in result["seconds"].items():
        ratio = times[names[0]] / times[names[1]]
        lines.append(f"| {title} | {' | '.join(f'{times[name]:.3f}' for name in names)} | {ratio:.2f} |")
    lines += ["", "| the whole command | seconds |", "|---|---|"]
    lines += [f"| {title} | {seconds:.1f} |" for title, seconds in result["command_seconds"].items()]
    versions = ", ".join(f"{package} {number}" for package, number in result["versions"].items())
    lines += ["", f"{result['what'].capitalize()}. {result['hardware']}; {versions}.", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
