"""The command line's network: --layers, --activation, --loss, … or the whole line of --network, with its numbers."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from workbook.options import numbers
from workbook.sheets.layout import check_size
from xlfuncs.activations import ACTIVATIONS, LOSSES
from xlfuncs.errors import GradsheetError, OptionError
from xlfuncs.network import (
    DEFAULT,
    ITERATIONS,
    LEARNING_RATES,
    START_TARGET,
    Network,
    start_inputs,
    start_weights,
)
from xlfuncs.optimizers import OPTIMIZERS
from xlfuncs.spec import BIASES, DECAY, SIZES, Spec

HIDDEN_BIAS, LATER_BIAS = 0.35, 0.6  # Mazur's
PARTS = ("layers", "activation", "loss", "bias", "fixed_bias", "optimizer", "decay")
"""The options that together say what --network says in one line."""


@dataclass(frozen=True)
class Preset:
    """A network that is known from elsewhere, with its numbers, learning rates and length."""

    line: str
    inputs: tuple[float, ...]
    targets: tuple[float, ...]
    weights: tuple[float, ...]
    learning_rates: tuple[float, ...]
    iterations: int
    about: str


PRESETS = {
    "exercise": Preset(
        str(Spec.of(DEFAULT)),
        DEFAULT.inputs,
        DEFAULT.targets,
        tuple(weight.start for weight in DEFAULT.weights),
        LEARNING_RATES,
        ITERATIONS,
        "the 2-2-2 exercise of this project, the default",
    ),
    "mazur": Preset(
        "2-2-2 bias=layer fixed-bias",
        (0.05, 0.1),
        (0.01, 0.99),
        (0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6),
        (0.5,),
        100,
        "Matt Mazur's step by step example",
    ),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that describe the network and its numbers."""
    parser.add_argument(
        "--layers", metavar="I-H-O", help="units of each layer, inputs first, such as 2-2-2 or 4-5-3-2 (default: 2-2-2)"
    )
    parser.add_argument(
        "--activation",
        metavar="NAMES",
        help=f"one for all layers, two (hidden, output) or one a layer, with commas: {', '.join(ACTIVATIONS)} "
        "(default: sigmoid)",
    )
    losses = f"the error E: {', '.join(LOSSES)} (default: half-squared)"
    parser.add_argument("--loss", metavar="NAME", choices=tuple(LOSSES), help=losses)
    parser.add_argument("--bias", choices=BIASES, help="one a unit, or one a layer (default: none)")
    parser.add_argument("--fixed-bias", action="store_true", help="biases that are not learned, as Mazur's")
    optimizers = f"how weights learn: {', '.join(OPTIMIZERS)} (default: sgd)"
    parser.add_argument("--optimizer", metavar="NAME", choices=tuple(OPTIMIZERS), help=optimizers)
    parser.add_argument("--decay", metavar="NUMBER", help="weight decay, added to each gradient (default: 0)")
    parser.add_argument(
        "--network",
        metavar="LINE",
        help="all of that in one line, as the sheet Start shows it and the NN_ functions take it, such as "
        "'2-3-2 tanh softmax cross-entropy bias=unit adam'",
    )
    parser.add_argument(
        "--preset",
        choices=tuple(PRESETS),
        help="; ".join(f"{name}: {preset.about}" for name, preset in PRESETS.items()),
    )
    parser.add_argument("--inputs", metavar="NUMBERS", help="i1,i2,… (default: 0.05,0.1,…)")
    parser.add_argument("--targets", metavar="NUMBERS", help="t1,t2,… (default: 0.5,…; with cross-entropy 1,0,…)")
    parser.add_argument(
        "--weights",
        metavar="NUMBERS",
        help="start weights and biases in the order of the columns: a layer's weights, its biases, then the next layer",
    )


def preset_of(args: argparse.Namespace) -> Preset:
    """The preset that was asked for, or the exercise. Raises OptionError where another network is described too."""
    described = [*_named(args), *(["--network"] if args.network is not None else [])]
    if args.preset and described:
        raise OptionError(f"--preset {args.preset} is a whole network; leave out {' and '.join(described)}.")
    return PRESETS[args.preset or "exercise"]


def network_of(args: argparse.Namespace) -> Network:
    """The network that the options describe. What is left out follows from the rest, or is the preset's.

    Raises OptionError where they contradict each other.
    """
    preset = preset_of(args)
    inputs, targets, weights = (
        None if getattr(args, what) is None else numbers(f"--{what}", getattr(args, what))
        for what in ("inputs", "targets", "weights")
    )
    line = _line(args)
    spec = Spec.parse(line) if line is not None else _from_lists(preset, inputs, targets, weights)
    if spec.batch:
        raise OptionError("The workbook trains on one sample; leave out batch= (NN_TABLE takes several).")
    check_size(spec)
    same = str(spec) == preset.line
    given = (
        inputs or (preset.inputs if same else start_inputs(spec.sizes[0])),
        targets or (preset.targets if same else default_targets(spec)),
        weights or (preset.weights if same else default_weights(spec)),
    )
    try:
        return spec.network(*given)
    except GradsheetError as error:
        raise OptionError(f"--{error}") from error


def _line(args: argparse.Namespace) -> str | None:
    """The network in one line, None where no option describes one."""
    parts = _named(args)
    if args.network is not None:
        if parts:
            raise OptionError(f"--network says it all in one line; leave out {' and '.join(parts)}.")
        return args.network
    if not parts:
        return None
    if args.layers is not None and not SIZES.fullmatch(args.layers):
        raise OptionError(f"--layers is '{args.layers}'; give the units of each layer, such as 2-2-2 or 4-5-3-2.")
    activations = [] if args.activation is None else args.activation.lower().split(",")
    wrong = next((name for name in activations if name.strip() not in ACTIVATIONS), None)
    if wrong is not None:
        raise OptionError(f"--activation has '{wrong}'; give names with commas: {', '.join(ACTIVATIONS)}.")
    if args.decay is not None and not DECAY.fullmatch(args.decay):
        raise OptionError(f"--decay is '{args.decay}'; give a number from 0, such as 0.01.")
    words = [args.layers or "2-2-2", *activations, args.loss, args.bias and f"bias={args.bias}"]
    words += [args.fixed_bias and "fixed-bias", args.optimizer, args.decay and f"decay={args.decay}"]
    return " ".join(word for word in words if word)


def _named(args: argparse.Namespace) -> list[str]:
    """The options in use that describe a part of the network."""
    return [f"--{part.replace('_', '-')}" for part in PARTS if getattr(args, part) not in (None, False)]


def _from_lists(preset: Preset, inputs: list | None, targets: list | None, weights: list | None) -> Spec:
    """The preset's network in the sizes that the lists have."""
    known = Spec.parse(preset.line)
    if known.bias != "none":
        return known
    n_in, n_out = len(inputs or preset.inputs), len(targets or preset.targets)
    if weights is None:
        return Spec.parse(f"{n_in}-{known.sizes[1]}-{n_out}")
    per_unit = n_in + n_out  # a hidden unit has this many weights, in and out
    if len(weights) % per_unit:
        raise OptionError(
            f"--weights has {len(weights)} numbers; {n_in} inputs and {n_out} outputs need a multiple of {per_unit}."
        )
    return Spec.parse(f"{n_in}-{len(weights) // per_unit}-{n_out}")


def default_targets(spec: Spec) -> list[float]:
    """0.5 each; the first class where the outputs are probabilities of classes."""
    if spec.loss == "cross-entropy" and spec.sizes[-1] > 1:
        return [1.0] + [0.0] * (spec.sizes[-1] - 1)
    return [START_TARGET] * spec.sizes[-1]


def default_weights(spec: Spec) -> list[float]:
    """Weights evenly from 0.15 to 0.55, the exercise's for its sizes; biases 0.35, and 0.6 behind the first layer."""
    count = sum(weights for weights, _ in spec.counts)
    left = iter([w.start for w in DEFAULT.weights] if spec.sizes == DEFAULT.sizes else start_weights(count))
    found: list[float] = []
    for depth, (weights, biases) in enumerate(spec.counts):
        found += [next(left) for _ in range(weights)]
        found += [LATER_BIAS if depth else HIDDEN_BIAS] * biases
    return found
