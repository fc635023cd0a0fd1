"""Runs by itself: calls the functions with whatever Excel can send, through xlwings' own conversion.

    python tests/xlfuncs/fuzz_functions.py CALLS SEED

Prints what was found as JSON: how many calls gave numbers and how many sentences, every exception and every answer that
no cell can hold, the longest call, and the memory that the process took.
"""

import datetime as dt
import inspect
import json
import math
import random
import sys
import time
import traceback
from collections import Counter
from decimal import Decimal

from classic_xlwings import MISSING, call

import xlfuncs
from workbook.check.limits import largest_memory
from xlfuncs.cells import ERROR_CODES
from xlfuncs.function_table import FUNCTIONS

NAMES = [name for name in xlfuncs.__all__ if name != "MNIST_PREDICT"]  # torch: it has tests of its own
ARGUMENTS = {name: len(FUNCTIONS[name].arguments) for name in NAMES}
LABELS = [
    "t1",
    "t2",
    "i1",
    "i2",
    "w1",
    "w2",
    "w5",
    "h1",
    "a_h1",
    "o1",
    "a_o1",
    "E1",
    "E_total",
    "∂E/∂w1",
    "∂E/∂w5",
    "b1",
]
LONGEST_SENTENCE = 400


def cell(r: random.Random):
    """Whatever a cell may hold, as COM hands it over."""
    return r.choice(
        [
            lambda: None,
            lambda: "",
            lambda: r.uniform(-3, 3),
            lambda: float(r.randint(-3, 9)),
            lambda: r.choice([1e308, -1e308, 5e-324, 2.3e-308, -0.0, 1e-300, 9.99e307, 700.0, -745.0, 1e15]),
            lambda: r.choice([True, False]),
            lambda: r.choice(
                ["x", "w1", "w5", "5", " W5 ", "#N/A", "#SPILL!", "'=1", "\n", "x" * 32_767, "日本" * 100, "1e5"]
            ),
            lambda: dt.datetime(r.randint(1900, 9999), 3, 1, 12, 30),
            lambda: Decimal(r.choice(["0", "1.25", "-922337203685477.5808", "1E-4"])),
            lambda: r.choice([*range(-2146826288, -2146826230), ERROR_CODES.start, ERROR_CODES[-1]]),
            lambda: r.choice([0, 1, 3, -1, 2**31 - 1, -(2**31)]),
        ]
    )()


def number(r: random.Random):
    """Mostly a number, so that calls get past the reading."""
    return r.uniform(-3, 3) if r.random() < 0.985 else cell(r)


def grid(r: random.Random, rows: int, columns: int, one):
    """A range, or a bare value for one cell, as COM does."""
    if (rows, columns) == (1, 1):
        return one(r)
    return tuple(tuple(one(r) for _ in range(columns)) for _ in range(rows))


def wild(r: random.Random, missing: bool):
    """An argument of any shape, holding anything."""
    kind = r.random()
    if kind < 0.1 and missing:
        return MISSING
    if kind < 0.4:
        return cell(r)
    if kind < 0.97:
        return grid(r, r.randint(1, 4), r.randint(1, 5), r.choice([cell, number, number]))
    if kind < 0.985:
        return tuple((x,) for x in [number(r), number(r), *[None] * r.choice([1_000, 20_000])])
    return tuple(tuple(number(r) for _ in range(r.randint(1, 3))) for _ in range(3))  # ragged


def network(r: random.Random):
    """The four ranges of a network that fit each other, nearly always."""
    i, h, o = (r.randint(1, 4) for _ in range(3))
    flat = r.random() < 0.5
    hidden = grid(r, 1, h * i, number) if flat else grid(r, h, i, number)
    return [grid(r, 1, i, number), grid(r, o, 1, number), hidden, grid(r, o, h, number)], h * (i + o)


def table(r: random.Random):
    """A table of labels and cells."""
    columns = r.randint(1, 16)
    header = tuple(r.choice(LABELS) if r.random() < 0.9 else cell(r) for _ in range(columns))
    right = xlfuncs.BP_TABLE([[0.05, 0.1]], [[0.5, 0.5]], [[0.1, 0.2, 0.3, 0.4]], [[0.1, 0.2, 0.3, 0.4]], 0.5, 4)
    if r.random() < 0.6:
        rows = [tuple(x if r.random() < 0.99 else cell(r) for x in row) for row in right]
        return tuple(rows)
    return (header, *(tuple(number(r) for _ in header) for _ in range(r.randint(1, 6))))


def arguments(r: random.Random, name: str):
    """Arguments that often fit, and often don't."""
    if r.random() < 0.3:
        # The first is never left out: =BP_ERROR(,), all arguments missing, says nothing of where it comes from.
        return [wild(r, missing=k > 0) for k in range(ARGUMENTS[name])]
    ranges, weights = network(r)
    weight = r.choice([MISSING, float(r.randint(0, weights + 1)), f"w{r.randint(1, weights)}", cell(r)])
    rate = r.choice([0.1, r.uniform(-1, 3), cell(r)])
    iterations = r.choice([MISSING, float(r.randint(1, 9)), float(r.randint(1, 30)), 1e6, cell(r)])
    fitting = {
        "BP_SIGMOID": lambda: [grid(r, r.randint(1, 6), r.randint(1, 6), number)],
        "BP_FORWARD": lambda: [ranges[0], *ranges[2:]],
        "BP_ERROR": lambda: [ranges[1], grid(r, 1, r.randint(1, 4), number)],
        "BP_GRAD": lambda: [*ranges, weight],
        "BP_UPDATE": lambda: [ranges[2], grid(r, 1, weights, number), rate],
        "BP_TABLE": lambda: [*ranges, rate, iterations, r.choice([MISSING, True, False, cell(r)])],
        "BP_SWEEP": lambda: [*ranges, grid(r, 1, r.randint(1, 4), number), iterations],
        "BP_GRADCHECK": lambda: ranges,
        "BP_EXPLAIN": lambda: [*ranges, weight],
        "BP_CHECK": lambda: [table(r), r.choice([MISSING, rate])],
    }
    return fitting[name]() if name in fitting else of_any_network(r, name, rate, iterations)


def of_any_network(r: random.Random, name: str, rate, iterations):
    """Arguments of an NN_ function for one to three samples; the words are mostly those of a network."""
    i, h, o, samples = (r.randint(1, 3) for _ in range(4))
    words = r.sample(
        ["tanh", "relu", "linear", "softmax", "cross-entropy", "bias=unit", "adam", "decay=0.01", "batch=1"],
        r.randint(0, 3),
    )
    spec = " ".join([f"{i}-{h}-{o}", *words]) if r.random() < 0.95 else cell(r)
    biases = h + o if "bias=unit" in words else 0
    inputs, targets = grid(r, samples, i, number), grid(r, samples, o, number)
    weights = grid(r, 1, h * (i + o) + biases, number)
    weight = r.choice([f"w{r.randint(1, h * (i + o))}", "b1", cell(r)])
    given = {"inputs": inputs, "targets": targets, "weights": weights, "network": spec, "weight": weight}
    given |= {"learning_rate": rate, "iterations": iterations, "header": r.choice([MISSING, True, cell(r)])}
    return [given[argument] for argument in inspect.signature(getattr(xlfuncs, name)).parameters]


def complaint(answer):
    """What is wrong with an answer, None if nothing is."""
    if not isinstance(answer, list) or not answer or not all(isinstance(row, list) and row for row in answer):
        return "no rows of cells"
    if len({len(row) for row in answer}) > 1:
        return "rows of different lengths"
    for value in (value for row in answer for value in row):
        if type(value) is float:
            if not math.isfinite(value):
                return "not finite"
        elif type(value) is not str:
            return f"a {type(value).__name__}"
        elif len(value) > LONGEST_SENTENCE:
            return "a sentence too long"
    return None


def main():
    """Call, and print what was found."""
    calls, seed = map(int, sys.argv[1:3])
    kinds, wrong, slowest = Counter(), [], (0.0, "")
    for k in range(calls):
        r = random.Random(seed * 1_000_003 + k)
        name = r.choice(NAMES)
        given = arguments(r, name)
        start = time.process_time()
        try:
            answer = call(name, given)
            said = complaint(answer)
        except Exception:
            answer, said = None, traceback.format_exc(limit=-3)
        slowest = max(slowest, (time.process_time() - start, f"{name}, call {k}"))
        is_sentence = answer is not None and len(answer) == 1 and len(answer[0]) == 1 and isinstance(answer[0][0], str)
        kinds["sentence" if is_sentence else "numbers"] += 1
        if said:
            wrong.append(f"call {k}, {name}: {said}")
    print(json.dumps({"kinds": kinds, "wrong": wrong[:20], "slowest": slowest, "megabytes": megabytes()}))


def megabytes():
    """The most memory that the process had, None where the system doesn't say."""
    return largest_memory() / 2**20 or None


if __name__ == "__main__":
    main()
