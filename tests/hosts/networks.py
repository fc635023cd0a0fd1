"""Random networks and calls, mistakes among them."""

from __future__ import annotations

import random

from tests.hosts.calls import Call
from xlfuncs.activations import ACTIVATIONS, LOSSES
from xlfuncs.optimizers import OPTIMIZERS
from xlfuncs.spec import Spec

LARGEST = 4
OF_2_2_2 = (
    [[0.05, 0.1]],
    [[0.5, 0.5]],
    [[0.15, 0.2, 0.25, 0.3]],
    [[0.4, 0.45, 0.5, 0.55]],
    [[0.15, 0.2, 0.25, 0.3, 0.4, 0.45, 0.5, 0.55]],
)
"""The exercise: inputs, targets, weights into the hidden and into the output units, all weights."""


def line(rng: random.Random) -> str:
    """A network's line, any combination that goes together."""
    sizes = [rng.randint(1, LARGEST) for _ in range(rng.choice([2, 3, 3, 4, 5]))]
    loss = rng.choice(list(LOSSES))
    output = rng.choice(["sigmoid", "softmax"] if loss.endswith("cross-entropy") else list(ACTIVATIONS))
    if output == "softmax":
        sizes[-1] = max(2, sizes[-1])
    hidden = [rng.choice([a for a in ACTIVATIONS if a != "softmax"]) for _ in sizes[1:-1]]
    words = [*hidden, output, loss, rng.choice(list(OPTIMIZERS)), f"batch={rng.choice(['all', 1, 2, 3])}"]
    bias = rng.choice(["none", "unit", "layer"])
    words += [f"bias={bias}"] if rng.random() < 0.8 else []
    biased = bias != "none" and words[-1] == f"bias={bias}"
    words += ["fixed-bias"] if biased and rng.random() < 0.4 else []
    words += [f"decay={rng.choice(['0.01', '1e-3', '.5', '0'])}"] if rng.random() < 0.4 else []
    rng.shuffle(words)
    in_order = iter([*hidden, output])
    words = [next(in_order) if word in ACTIVATIONS else word for word in words]
    return " ".join(["-".join(map(str, sizes)), *words])


def data(rng: random.Random, network: str) -> tuple[list, list, list]:
    """Inputs, targets (shares of 1 where the loss wants them) and weights that fit the line."""
    spec = Spec.parse(network)
    samples = rng.randint(1, 4)
    inputs = [[round(rng.uniform(-1, 1), 3) for _ in range(spec.sizes[0])] for _ in range(samples)]
    targets = [[round(rng.uniform(0, 1), 3) for _ in range(spec.sizes[-1])] for _ in range(samples)]
    if rng.random() < 0.3:
        targets = [[float(rng.randint(0, 1)) for _ in row] for row in targets]
    weights = [[round(rng.uniform(-1.2, 1.2), 3) for _ in range(spec.weight_count)]]
    return inputs, targets, weights if rng.random() < 0.5 else [[w] for w in weights[0]]


def any_network(rng: random.Random, steps: int = 4) -> list[Call]:
    """All NN_ functions of one network."""
    network = line(rng)
    inputs, targets, weights = data(rng, network)
    four = (inputs, targets, weights, network)
    rate = rng.choice([0.01, 0.1, 0.5])
    return [
        ("NN_FORWARD", (inputs, weights, network)),
        ("NN_LOSS", four),
        ("NN_GRAD", four),
        ("NN_GRAD", (*four, "w1")),
        ("NN_UPDATE", (*four, rate)),
        ("NN_UPDATE", (*four, rate, steps)),
        ("NN_TABLE", (*four, rate, steps)),
        ("NN_TABLE", (*four, rate, 1, False)),
        ("NN_GRADCHECK", four),
    ]


def exercise_kind(rng: random.Random, steps: int = 4) -> list[Call]:
    """All BP_ functions of one inputs-hidden-outputs network, weights flat or as matrices."""
    n_in, hidden, outputs = (rng.randint(1, LARGEST) for _ in range(3))
    values = lambda count: [round(rng.uniform(-2, 2), 3) for _ in range(count)]  # noqa: E731
    inputs, targets = [values(n_in)], [[value] for value in values(outputs)]
    into_hidden = [values(n_in) for _ in range(hidden)] if rng.random() < 0.5 else [values(n_in * hidden)]
    into_output = [values(hidden) for _ in range(outputs)] if rng.random() < 0.5 else [values(hidden * outputs)]
    four = (inputs, targets, into_hidden, into_output)
    which = rng.randint(1, hidden * (n_in + outputs))
    return [
        ("BP_SIGMOID", ([values(3), values(3)],)),
        ("BP_FORWARD", (inputs, into_hidden, into_output)),
        ("BP_ERROR", (targets, [values(outputs)])),
        ("BP_GRAD", four),
        ("BP_GRAD", (*four, which)),
        ("BP_UPDATE", ([values(3), values(3)], [values(6)], 0.3)),
        ("BP_TABLE", (*four, 0.5, steps)),
        ("BP_SWEEP", (*four, [[0.1, 2.0]], steps)),
        ("BP_GRADCHECK", four),
    ]


def explanation(rng: random.Random) -> Call:
    """NN_EXPLAIN of any weight or learned bias of a network."""
    network = line(rng)
    inputs, targets, weights = data(rng, network)
    flat = [value for row in weights for value in row]
    learned = Spec.parse(network).network(inputs[0], targets[0], flat).learned
    biases = [name for name in learned if name.startswith("b")]
    if "bias=layer" in network and biases and rng.random() < 0.5:  # a bias that a layer shares has lines of its own
        learned = biases
    return "NN_EXPLAIN", (inputs, targets, weights, network, rng.choice(learned))
