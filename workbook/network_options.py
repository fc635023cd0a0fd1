"""The command line's network: --layers, --activation, --loss, … or the whole line of --network, with its numbers."""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass, replace
from pathlib import Path

from workbook import sample_data
from workbook.options import numbers
from workbook.presets import PRESETS, Preset
from workbook.sample_data import Rows, SampleFile, Samples
from workbook.sheets.layout import check_size
from xlfuncs.activations import ACTIVATIONS, LOSSES
from xlfuncs.errors import GradsheetError, OptionError
from xlfuncs.network import DEFAULT, START_TARGET, Network, start_inputs, start_weights
from xlfuncs.optimizers import OPTIMIZERS
from xlfuncs.spec import BIASES, DECAY, SIZES, Spec

HIDDEN_BIAS, LATER_BIAS = 0.35, 0.6  # Mazur's
PARTS = ("layers", "activation", "loss", "bias", "fixed_bias", "optimizer", "decay")
"""The options that together say what --network says in one line."""
SIZING = ("layers", "bias")
"""Those of them that change how many weights there are, which a preset gives."""


@dataclass(frozen=True)
class Lesson:
    """What a workbook is about: a network, several samples of it (None for its own one), learning rates, length, and
    what Start tells of it where all that is a preset's own."""

    network: Network
    samples: Samples | None
    learning_rates: tuple[float, ...]
    iterations: int
    story: str


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
    parser.add_argument(
        "--samples",
        metavar="DATA.csv",
        type=Path,
        help="several samples, a line each: i1,i2,…,t1,…, under these names or in this order without them",
    )
    parser.add_argument(
        "--batch",
        metavar="all|1|N",
        help="samples an iteration: all, learned from by their mean gradient; 1, the next in turn; or N in turn "
        "(default: all)",
    )
    parser.add_argument("--inputs", metavar="NUMBERS", help="i1,i2,… (default: 0.05,0.1,…)")
    parser.add_argument("--targets", metavar="NUMBERS", help="t1,t2,… (default: 0.5,…; with cross-entropy 1,0,…)")
    parser.add_argument(
        "--weights",
        metavar="NUMBERS",
        help="start weights and biases in the order of the columns: a layer's weights, its biases, then the next layer",
    )


def lesson_of(args: argparse.Namespace) -> Lesson:
    """The network that the options describe, with its data. What is left out follows from the rest, or is the preset's.

    Raises GradsheetError where they contradict each other.
    """
    preset = _preset(args)
    given: dict[str, tuple[float, ...] | None] = {
        what: None if getattr(args, what) is None else tuple(numbers(f"--{what}", getattr(args, what)))
        for what in ("inputs", "targets", "weights")
    }
    file = _file(args)
    spec = _spec(args, preset, file, given)
    # A preset's data and weights fit its sizes, as its biases stay. Unasked for, they are the exercise's alone.
    own = spec.sizes == preset.spec.sizes if args.preset else replace(spec, batch=0) == preset.spec
    inputs, targets = _data(args, preset if own else None, file, given, spec)
    several = len(inputs) > 1
    if not several and (spec.batch or args.batch is not None):
        what = "--batch" if args.batch is not None else "batch="
        raise OptionError(f"{what} is about several samples; give them with --samples DATA.csv, or leave it out.")
    spec = _as_told(spec, len(inputs))
    weights = given["weights"] or (preset.weights if own else default_weights(spec))
    try:
        network = spec.network(inputs[0], targets[0], weights)
    except GradsheetError as error:
        raise OptionError(f"--{error}") from error
    changed = file is not None or any(given.values()) or spec != _as_told(preset.spec, len(inputs))
    samples = Samples(inputs, targets, spec.batch) if several else None
    return Lesson(network, samples, preset.learning_rates, preset.iterations, "" if changed else preset.story)


def network_of(args: argparse.Namespace) -> Network:
    """The network alone; of several samples it has the first."""
    return lesson_of(args).network


def _preset(args: argparse.Namespace) -> Preset:
    """The preset that was asked for, or the exercise. Raises GradsheetError where another network is described too."""
    described = [name for name in _named(args) if name[2:] in SIZING] + ["--network"] * (args.network is not None)
    if args.preset and described:
        raise OptionError(f"--preset {args.preset} is a whole network; leave out {' and '.join(described)}.")
    return PRESETS[args.preset or "exercise"]


def _file(args: argparse.Namespace) -> SampleFile | None:
    """The samples' file. Raises GradsheetError where one sample is given too."""
    if args.samples is None:
        return None
    too = [f"--{what}" for what in ("inputs", "targets") if getattr(args, what) is not None]
    if too:
        raise OptionError(f"--samples has inputs and targets; leave out {' and '.join(too)}.")
    return sample_data.read(args.samples)


def _spec(args: argparse.Namespace, preset: Preset, file: SampleFile | None, given: dict) -> Spec:
    """The network that the options describe, with its batch."""
    line = _line(args, preset)
    if line is not None:
        spec = Spec.parse(line)
    elif args.preset and given["inputs"] is None and given["targets"] is None and given["weights"] is None:
        spec = preset.spec
    else:
        n_in, n_out = (file and file.sizes) or (len(given["inputs"] or ()), len(given["targets"] or ()))
        spec = _from_counts(preset, n_in, n_out, given["weights"])
    check_size(spec)
    if args.batch is None:
        return spec
    if args.network is not None and "batch=" in args.network.lower():
        raise OptionError("--network says the batch too; leave out --batch.")
    if not re.fullmatch(r"all|[1-9]\d{0,6}", args.batch, re.ASCII):
        raise OptionError(f"--batch is '{args.batch}'; give all, 1 for one sample in turn, or how many in turn.")
    return replace(spec, batch=0 if args.batch == "all" else int(args.batch))


def _as_told(spec: Spec, samples: int) -> Spec:
    """The network as Start tells of it: a batch of so many samples or more is all of them."""
    return replace(spec, batch=0) if spec.batch >= samples else spec


def _data(
    args: argparse.Namespace, preset: Preset | None, file: SampleFile | None, given: dict, spec: Spec
) -> tuple[Rows, Rows]:
    """Inputs and targets, a row a sample; `preset` is None where its data don't belong to this network."""
    if file:
        return file.split(spec.sizes[0], spec.sizes[-1], str(spec))
    inputs, targets = (
        preset.data() if preset else ((tuple(start_inputs(spec.sizes[0])),), (tuple(default_targets(spec)),))
    )
    one = [f"--{what}" for what in ("inputs", "targets") if given[what] is not None]
    if one and len(inputs) > 1:
        raise OptionError(f"--preset {args.preset} has several samples; give others with --samples, not {one[0]}.")
    return (given["inputs"],) if given["inputs"] else inputs, (given["targets"],) if given["targets"] else targets


def _line(args: argparse.Namespace, preset: Preset) -> str | None:
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
    known = preset.spec
    sizes = args.layers or "-".join(map(str, known.sizes))
    words = [sizes, *(activations or (known.activations if args.preset else ())), args.loss or known.loss]
    words += [f"bias={args.bias or known.bias}", "fixed-bias" if args.fixed_bias or known.fixed_bias else ""]
    words += [args.optimizer or known.optimizer, f"decay={known.decay if args.decay is None else args.decay}"]
    words += [f"batch={known.batch}" if known.batch else ""]
    return " ".join(word for word in words if word)


def _named(args: argparse.Namespace) -> list[str]:
    """The options in use that describe a part of the network."""
    return [f"--{part.replace('_', '-')}" for part in PARTS if getattr(args, part) not in (None, False)]


def _from_counts(preset: Preset, inputs: int, outputs: int, weights: tuple[float, ...] | None) -> Spec:
    """The preset's network in the sizes that the data have; 0 for what isn't given."""
    known = preset.spec
    if known.bias != "none":
        return known
    n_in, n_out = inputs or known.sizes[0], outputs or known.sizes[-1]
    if weights is None:
        return replace(known, sizes=(n_in, known.sizes[1], n_out))
    per_unit = n_in + n_out  # a hidden unit has this many weights, in and out
    if len(weights) % per_unit:
        raise OptionError(
            f"--weights has {len(weights)} numbers; {n_in} inputs and {n_out} outputs need a multiple of {per_unit}."
        )
    return replace(known, sizes=(n_in, len(weights) // per_unit, n_out))


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
