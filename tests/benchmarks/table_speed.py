"""Tables, gradients and builds by the compiler, against an earlier commit -> results/table_speed.json and .md.

    python tests/benchmarks/table_speed.py [--before 4b9da66] [--runs 7]

The earlier code is taken out of git into a temporary folder. Each measurement is a process of its own, which imports
one of both, warms up and gives the best of three; the two take turns, and which of them begins alternates. "matrices"
is the earlier way to a table, numpy's matrices iteration by iteration, which the functions had then.
"""

import argparse
import io
import json
import os
import platform
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RESULTS = Path(__file__).parent / "results"
MEASURED = {
    "workbook tables": "6 rates × 10,000 iterations of the exercise, as `gradsheet build` computes them",
    "functions tables": "the same as the functions compute them (matrices before)",
    "BP_GRAD 2-2-2": "one call",
    "BP_GRAD 100-100-10": "one call",
    "BP_TABLE": "one call, 2-2-2, 10,000 iterations",
    "BP_TABLE 20-30-10": "one call, 85 iterations",
    "BP_CHECK": "one call, the exercise's table of 85 rows",
    "NN_TABLE": "one call, 4-8-4 tanh softmax cross-entropy bias=unit adam, 200 iterations",
    "build": "`gradsheet build`, the default workbook, without starting Python",
}


def works():
    """Each measurement as a function, of whichever code is imported."""
    import numpy as np

    from workbook import build
    from xlfuncs import functions, maths, nn, training
    from xlfuncs.network import DEFAULT, ITERATIONS, LEARNING_RATES, Network
    from xlfuncs.spec import Spec

    def ranges(sizes):
        network = Network.of_sizes(sizes)
        return [[network.inputs], [network.targets], *(layer.weights for layer in network.layers)]

    def check():
        rows = maths.table(DEFAULT, 0.5, 85).round(6).tolist()
        functions.BP_CHECK([[column.label for column in DEFAULT.columns], *rows])

    spec = Spec.parse("4-8-4 tanh softmax cross-entropy bias=unit adam")
    random = np.random.default_rng(0)
    of_any = [[random.uniform(-1, 1, n).tolist()] for n in (4, 4, spec.weight_count)]
    small, large, wide = ranges((2, 2, 2)), ranges((100, 100, 10)), ranges((20, 30, 10))

    def built():
        with tempfile.TemporaryDirectory() as folder:
            build.build(Path(folder) / "book.xlsx", DEFAULT, LEARNING_RATES, ITERATIONS)

    return {
        "workbook tables": lambda: training.tables(DEFAULT, LEARNING_RATES, 10_000),
        "functions tables": lambda: maths.tables(DEFAULT, LEARNING_RATES, 10_000),
        "BP_GRAD 2-2-2": lambda: functions.BP_GRAD(*small),
        "BP_GRAD 100-100-10": lambda: functions.BP_GRAD(*large),
        "BP_TABLE": lambda: functions.BP_TABLE(*small, 0.1, 10_000.0),
        "BP_TABLE 20-30-10": lambda: functions.BP_TABLE(*wide, 0.1, 85.0),
        "BP_CHECK": check,
        "NN_TABLE": lambda: nn.NN_TABLE(*of_any, str(spec), 0.1, 200.0),
        "build": built,
    }


def one(name):
    """Best of three processor seconds, as JSON on the last line."""
    work = works()[name]
    work()
    repeats = 200 if name == "BP_GRAD 2-2-2" else 1
    found = []
    for _ in range(3):
        start = time.process_time()
        for _ in range(repeats):
            work()
        found.append((time.process_time() - start) / repeats)
    print(json.dumps(min(found)))


def seconds(name, code):
    """The measurement in a process of its own, with the code in that folder."""
    environment = os.environ | {"PYTHONPATH": str(code), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-P", __file__, "--one", name]
    done = subprocess.run(command, env=environment, cwd=code, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def alternated(before, runs):
    """Each measurement's seconds before and now, run by run."""
    found = {name: {"before": [], "now": []} for name in MEASURED}
    for run in range(runs):
        for name in MEASURED:
            sides = [("before", before), ("now", ROOT)]
            for side, code in sides if run % 2 else sides[::-1]:
                found[name][side].append(seconds(name, code))
            print(name, {side: round(1e3 * values[-1], 3) for side, values in found[name].items()}, flush=True)
    return found


def summary(found):
    """Medians, and the median and range of the runs' ratios."""
    rows = {}
    for name, sides in found.items():
        ratios = [now / before for now, before in zip(sides["now"], sides["before"], strict=True)]
        rows[name] = {
            "what": MEASURED[name],
            "before_ms": round(1e3 * statistics.median(sides["before"]), 3),
            "now_ms": round(1e3 * statistics.median(sides["now"]), 3),
            "ratio": round(statistics.median(ratios), 3),
            "ratio_range": [round(min(ratios), 3), round(max(ratios), 3)],
        }
    return rows


def table(result):
    """The result as Markdown."""
    lines = [
        f"# Milliseconds of processor time, commit {result['before']} and now",
        "",
        "| what | | before | now | now to before (range over runs) |",
        "|---|---|---|---|---|",
    ]
    for name, row in result["rows"].items():
        low, high = row["ratio_range"]
        lines.append(
            f"| {name} | {row['what']} | {row['before_ms']} | {row['now_ms']} | {row['ratio']} ({low}-{high}) |"
        )
    versions = ", ".join(f"{name} {number}" for name, number in result["versions"].items())
    return "\n".join([*lines, "", f"{result['what']}. {result['hardware']}; {versions}.", ""])


def taken_out(commit, folder):
    """That commit's files in a folder."""
    packed = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as files:
        files.extractall(folder, filter="data")
    return Path(folder)


def main():
    """Measure, print, and write both results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--before", default="4b9da66", help="the commit to compare with (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--one", choices=MEASURED, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        one(args.one)
        return
    with tempfile.TemporaryDirectory() as folder:
        found = alternated(taken_out(args.before, folder), args.runs)
    sys.path.insert(0, str(ROOT))
    from trainer.files import write_whole
    from trainer.hardware import processor_name  # loads torch, which what was timed must not have

    result = {
        "what": f"Medians of n = {args.runs} alternated runs, each the best of 3 in a process of its own",
        "before": args.before,
        "hardware": f"{processor_name()}, {os.cpu_count()} cores",
        "versions": {"python": platform.python_version(), "numpy": version("numpy")},
        "rows": summary(found),
    }
    for name, text in (("json", json.dumps(result, indent=1, ensure_ascii=False) + "\n"), ("md", table(result))):
        with write_whole(RESULTS / f"table_speed.{name}") as file:
            file.write(text.encode())
    print(table(result))


if __name__ == "__main__":
    main()
