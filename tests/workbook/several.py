"""Workbooks of several samples for tests: random ones, and the table as it stands in a sheet's cells."""

import random
from functools import reduce
from operator import add

from workbook import build
from workbook.sample_data import Samples
from workbook.sheets.layout import Layout, sheet_name
from xlfuncs.activations import ACTIVATIONS, LOSSES
from xlfuncs.optimizers import OPTIMIZERS
from xlfuncs.spec import BIASES, Spec

RATES, ITERATIONS = [0.02, 0.1], 7
CHOSEN = [  # a line, and how many samples
    ("2-2-1 tanh sigmoid binary-cross-entropy bias=unit", 4),
    ("2-2-1 tanh sigmoid binary-cross-entropy bias=unit batch=1", 4),
    ("1-1 identity bias=unit batch=4", 6),
    ("2-3-2 tanh softmax cross-entropy bias=unit adam", 5),
    ("2-3-2 tanh softmax cross-entropy bias=unit adam batch=3", 5),
    ("2-2-2 squared bias=layer rmsprop decay=0.01 batch=2", 3),
    ("3-2-2 relu sigmoid momentum batch=1", 3),
    ("2-2-2-2 leaky-relu mean-squared bias=layer fixed-bias nesterov", 4),
]


def some_case(seed):
    """A network of any kind with its number of samples, by a seed: online, batch and mini-batch."""
    chance = random.Random(seed)
    layers, loss = chance.randint(1, 3), sorted(LOSSES)[seed % len(LOSSES)]
    output = chance.choice(["sigmoid", "softmax"] if "cross" in loss else sorted(ACTIVATIONS))
    sizes = [chance.randint(1, 3) for _ in range(layers)] + [chance.randint(2, 3)]
    hidden = [chance.choice(sorted(set(ACTIVATIONS) - {"softmax"})) for _ in range(layers - 1)]
    bias = chance.choice([bias for bias in BIASES if (bias, output) != ("layer", "softmax")])
    fixed = bias != "none" and chance.random() < 0.3
    optimizer, decay = sorted(OPTIMIZERS)[seed // 2 % len(OPTIMIZERS)], chance.choice([0.0, 0.01])
    count = chance.randint(2, 7)
    batch = [1, 0, chance.randint(2, count)][seed % 3]
    spec = Spec(tuple(sizes), (*hidden, output), loss, bias, fixed, optimizer, decay, 0 if batch == count else batch)
    return str(spec), count


def numbers(spec, count, seed=0):
    """Samples and start weights."""
    chance = random.Random(seed)
    inputs = [[round(chance.uniform(-1, 1), 2) for _ in range(spec.sizes[0])] for _ in range(count)]
    targets = [[round(chance.uniform(0.05, 0.95), 2) for _ in range(spec.sizes[-1])] for _ in range(count)]
    weights = [round(chance.uniform(-1, 1), 3) for _ in range(spec.weight_count)]
    return Samples(tuple(map(tuple, inputs)), tuple(map(tuple, targets)), spec.batch), weights


def built(line, count, folder, rates=RATES, iterations=ITERATIONS):
    """(spec, network, samples, tables, path) of a workbook with such numbers."""
    spec = Spec.parse(line)
    samples, weights = numbers(spec, count)
    network = spec.network(samples.inputs[0], samples.targets[0], weights)
    tables = build.compute(network, rates, iterations, samples)
    path = folder / "several.xlsx"
    build.save(path, network, tables, samples=samples)
    return spec, network, samples, tables, path


def expected_rows(layout, table):
    """The cells of the table on its sheet, None where one is blank: what Training gives, with the rows of means."""
    names, blocks = [column.name for column in layout.network.columns], layout.blocks
    rows = []
    for k in range(layout.iterations):
        block = table[k * blocks.batch : (k + 1) * blocks.batch].tolist()
        for j, row in enumerate(block):
            rows.append([row[0], (k * blocks.batch + j) % blocks.samples + 1, *row[1:]])
        if blocks.batch > 1:
            groups = [column.group for column in layout.network.columns]
            means = [reduce(add, column) / blocks.batch for column in zip(*block, strict=True)]
            kept = {"iteration", "weight", "bias", "state"}
            row = [
                block[0][i] if group in kept else means[i] if group in ("error", "gradient") else None
                for i, group in enumerate(groups)
            ]
            rows.append([row[0], "mean", *row[1:]])
    assert len(rows[0]) == len(names) + 1
    return rows


def rows_of(sheets, layout, rate):
    """The same from all values of a sheet, as LibreOffice or openpyxl give them."""
    rows = sheets[sheet_name(rate)][layout.header_row : layout.last_row]
    return [[None if value == "" else value for value in row[: len(layout.columns)]] for row in rows]


def layout_of(network, samples, iterations=ITERATIONS):
    return Layout(network, iterations, samples.blocks)
