"""What the Excel functions' work costs, and how long the largest calls take -> results/function_limits.json.

    python tests/benchmarks/function_limits.py [--runs 5]

Costs, in microseconds of processor time: the numbers in `xlfuncs/limits.py`, each as the best of n runs. Largest calls:
each function just below its limit and just above it, whole, through classic xlwings' own reading and writing (its
call_udf with stubs for COM); what COM itself takes can't be measured outside Windows.
"""

import argparse
import json
import os
import platform
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from classic_xlwings import call  # noqa: E402
from xlwings import conversion  # noqa: E402

from trainer.files import write_whole  # noqa: E402
from xlfuncs import limits, maths  # noqa: E402
from xlfuncs.audit import audit_values  # noqa: E402
from xlfuncs.excel import BP_SIGMOID  # noqa: E402
from xlfuncs.network import Network  # noqa: E402
from xlfuncs.ranges import as_rows  # noqa: E402
from xlfuncs.spec import Spec  # noqa: E402
from xlfuncs.training import Training  # noqa: E402

RESULT = Path(__file__).parent / "results" / "function_limits.json"
OPTIONS = BP_SIGMOID.__xlfunc__["args"][0]["options"]


def seconds(work, runs):
    """Processor seconds of the best of n runs."""
    found = []
    for _ in range(runs):
        start = time.process_time()
        work()
        found.append(time.process_time() - start)
    return min(found)


def cells(rows, columns):
    """A range of numbers as COM hands it over."""
    return tuple(map(tuple, np.random.default_rng(0).uniform(-9, 9, (rows, columns)).tolist()))


def costs(runs):
    """Each cost of `xlfuncs.limits`, measured."""
    column = cells(200_000, 1)
    numbers = np.array(column)
    in_cells = BP_SIGMOID.__xlfunc__["ret"]["options"]
    wide, long = Network.of_sizes((40, 60, 40)), Network.of_sizes((2, 2, 2))
    shifted = Network.of_sizes((20, 30, 10))

    def read():
        as_rows("x", conversion.read(None, column, OPTIONS))

    def an_iteration(network, rates=1):
        count = 2000 // rates
        return seconds(lambda: maths.sweep(network, [0.1] * rates, count), runs) / count

    few, many = an_iteration(long), an_iteration(long, 200)
    found = {
        "READ": seconds(read, runs) / numbers.size,
        "WRITE": seconds(lambda: conversion.write(numbers.tolist(), None, in_cells), runs) / numbers.size,
        "EXPONENTIAL": seconds(lambda: maths.sigmoid(numbers), runs) / numbers.size,
        "STEP": few,
        "VALUE": (many - few) / (199 * long.column_count),
        "WEIGHT": seconds(lambda: Network.of(*parts(wide)).columns, runs) / wide.weight_count,
        "SHIFTED": seconds(lambda: maths.finite_differences(shifted), runs) / (2 * shifted.weight_count**2),
    }
    found["AUDITED"] = audited(long, 8000, runs) / 8000 / long.column_count
    few_outputs = audited(shifted, 2, runs) / shifted.column_count
    found["AUDITED_COLUMN"] = few_outputs / 10
    found["AUDITED_OUTPUTS"] = (audited(shifted, 102, runs) / shifted.column_count - few_outputs) / 100 / 10**2
    found |= any_network(runs)
    return {name: round(1e6 * value, 3) for name, value in found.items()}


def any_network(runs):
    """The costs of the NN_ functions, on a network of three layers with all that costs most."""
    spec = Spec.parse("12-20-16-8 tanh softmax cross-entropy bias=unit adam")
    random = np.random.default_rng(0)
    numbers = [random.uniform(-1, 1, count).tolist() for count in (12, 8, spec.weight_count)]
    network = spec.network(*numbers)
    samples = random.uniform(-1, 1, (200, 12)), random.uniform(0, 1, (200, 8))

    def made():
        return Training(spec.network(*numbers), samples[0][:1], samples[1][:1])

    def an_iteration(training, count=20):
        return seconds(lambda: training.table(0.1, count), runs) / count / network.column_count

    one, many = an_iteration(made()), an_iteration(Training(network, *samples))
    small = Spec.parse("4-8-4 tanh softmax cross-entropy bias=unit")
    shifted = Training(
        small.network(*(random.uniform(-1, 1, count).tolist() for count in (4, 4, small.weight_count))),
        random.uniform(-1, 1, (1, 4)),
        random.uniform(0, 1, (1, 4)),
    )
    weights, columns = len(shifted.network.learned), shifted.network.column_count
    return {
        "ANY_WEIGHT": seconds(made, runs) / spec.weight_count,
        "ANY_STEP": one,
        "ANY_VALUE": (many - one) / 200,
        "ANY_SHIFTED": seconds(shifted.difference, runs) / weights / columns,
    }


def audited(network, rows, runs):
    """Seconds to check a table in which every number is wrong."""
    table = maths.table(network, 0.5, rows).round(6) * 1.01
    header = [column.label for column in network.columns]
    return seconds(lambda: audit_values(header, table), runs)


def parts(network):
    """A network's four ranges."""
    return network.inputs, network.targets, *(layer.weights for layer in network.layers)


def ranges(sizes):
    """A network's four ranges as COM hands them over."""
    inputs, targets, hidden, output = parts(Network.of_sizes(sizes))
    return ((inputs,), (targets,), hidden, output)


def table_cells(sizes, rows):
    """A right table with its header, rounded."""
    network = Network.of_sizes(sizes)
    header = tuple(column.label for column in network.columns)
    return (header, *map(tuple, maths.table(network, 0.5, rows).round(6).tolist()))


def largest():
    """(what, function, arguments): calls around each limit."""
    missing = -2147352572
    exercise = ranges((2, 2, 2))
    sigmoid = limits.most(limits.READ + limits.EXPONENTIAL + limits.WRITE)
    update = limits.most(2 * limits.READ + limits.WRITE)
    yield f"BP_SIGMOID, {sigmoid:,} cells", "BP_SIGMOID", [cells(sigmoid, 1)]
    yield "BP_SIGMOID, a whole column", "BP_SIGMOID", [cells(limits.MAX_ROWS, 1)]
    yield "BP_SIGMOID, two whole columns", "BP_SIGMOID", [cells(limits.MAX_ROWS, 2)]
    yield "BP_SIGMOID, a column blank but for 1,000 cells", "BP_SIGMOID", [(*cells(1000, 1), *[(None,)] * 1_047_576)]
    yield f"BP_UPDATE, {update:,} weights", "BP_UPDATE", [cells(update, 1), cells(update, 1), 0.1]
    for count in (85.0, 1e3, 1e4, 1e5, 1e6):
        yield f"BP_TABLE, 2-2-2, {count:,.0f} iterations", "BP_TABLE", [*exercise, 0.1, count, missing]
    yield "BP_TABLE, 40-60-40, 85 iterations", "BP_TABLE", [*ranges((40, 60, 40)), 0.1, 85.0, missing]
    for rates, count in ((6, 1e4), (100, 5e3), (10_000, 85.0)):
        yield f"BP_SWEEP, {rates:,} rates, {count:,.0f} iterations", "BP_SWEEP", [*exercise, cells(1, rates), count]
    for sizes in ((20, 30, 10), (30, 40, 30), (60, 80, 60)):
        name = "-".join(map(str, sizes))
        yield f"BP_FORWARD, {name}", "BP_FORWARD", [r for k, r in enumerate(ranges(sizes)) if k != 1]
        yield f"BP_GRAD, {name}", "BP_GRAD", [*ranges(sizes), missing]
        yield f"BP_GRADCHECK, {name}", "BP_GRADCHECK", list(ranges(sizes))
        yield f"BP_EXPLAIN, {name}", "BP_EXPLAIN", [*ranges(sizes), "w1"]
    yield "BP_EXPLAIN, 300-300-10", "BP_EXPLAIN", [*ranges((300, 300, 10)), "w1"]
    for sizes, rows in (
        ((2, 2, 2), 3_000),
        ((2, 2, 2), 30_000),
        ((8, 16, 8), 200),
        ((20, 30, 10), 100),
        ((60, 60, 60), 9),
    ):
        name = "-".join(map(str, sizes))
        yield f"BP_CHECK, {name}, {rows:,} rows", "BP_CHECK", [table_cells(sizes, rows), missing]
        noise = np.random.default_rng(1).uniform(0, 1, (rows, Network.of_sizes(sizes).column_count)).round(6)
        wrong = (table_cells(sizes, 1)[0], *map(tuple, noise.tolist()))
        yield f"BP_CHECK, {name}, {rows:,} rows of noise", "BP_CHECK", [wrong, missing]


def main():
    """Measure, print, and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    found = {}
    for what, name, arguments in largest():
        start = time.process_time()
        answer = call(name, arguments)
        spent = time.process_time() - start
        refused = (
            answer[0][0]
            if isinstance(answer[0][0], str) and answer[0][0].endswith(("range.", "network.", "weights.", "rates."))
            else ""
        )
        found[what] = {"seconds": round(spent, 3), **({"refused": refused} if refused else {})}
        print(what, found[what], flush=True)
    from trainer.hardware import processor_name  # loads torch, which what was timed must not have

    result = {
        "what": f"costs: microseconds of processor time, best of n = {args.runs} runs; "
        "calls: seconds of processor time, n = 1, xlwings' reading and writing included, COM left out",
        "hardware": f"{processor_name()}, {os.cpu_count()} cores",
        "versions": {
            "python": platform.python_version(),
            **{package: version(package) for package in ("numpy", "xlwings", "pandas")},
        },
        "budget_seconds": limits.BUDGET / 1e6,
        "costs": costs(args.runs),
        "calls": found,
    }
    text = json.dumps(result, indent=1, ensure_ascii=False)
    print(text)
    with write_whole(RESULT) as file:
        file.write((text + "\n").encode())


if __name__ == "__main__":
    main()
