"""The command line's numbers and sizes, as a network; what doesn't fit gets one sentence."""

import math

from workbook.layout import check_size
from xlfuncs.errors import GradsheetError
from xlfuncs.network import DEFAULT, Network


def numbers(option: str, written: str) -> list[float]:
    """0.1,0.2,0.5 as floats. Raises GradsheetError."""
    found = []
    for item in written.split(","):
        try:
            value = float(item)
        except ValueError:
            what = f"'{item.strip()}'" if item.strip() else "nothing between two commas"
            raise GradsheetError(f"{option} has {what}; give numbers with commas, such as {option} 0.1,0.2.") from None
        if not math.isfinite(value):
            raise GradsheetError(f"{option} has {item.strip()}; give finite numbers.")
        found.append(value)
    return found


def learning_rates(written: str) -> list[float]:
    """The learning rates, each above 0. Raises GradsheetError."""
    rates = numbers("--lr", written)
    wrong = [rate for rate in rates if rate <= 0]
    if wrong:
        raise GradsheetError(f"--lr has {wrong[0]:g}; a learning rate is above 0.")
    return rates


def layers(written: str) -> tuple[int, int, int]:
    """2-2-2 as sizes. Raises GradsheetError."""
    parts = written.split("-")
    # More than nine digits are more than any sheet holds, and than the arithmetic behind `check_size` can.
    if len(parts) != 3 or not all(part.isdecimal() and len(part) <= 9 and int(part) >= 1 for part in parts):
        raise GradsheetError(f"--layers is '{written}'; give inputs-hidden-outputs, such as 2-2-2 or 3-4-1.")
    return tuple(map(int, parts))


def network(sizes: str | None, inputs: str | None, targets: str | None, weights: str | None) -> Network:
    """The network that --layers, --inputs, --targets and --weights describe.

    What is left out follows from the rest: sizes from the lists, numbers from the exercise (see `Network.of_sizes`).
    Raises GradsheetError where they contradict each other.
    """
    i = numbers("--inputs", inputs) if inputs is not None else None
    t = numbers("--targets", targets) if targets is not None else None
    w = numbers("--weights", weights) if weights is not None else None
    n_in, n_hidden, n_out = layers(sizes) if sizes is not None else _sizes(i, t, w)
    check_size((n_in, n_hidden, n_out))
    base = Network.of_sizes((n_in, n_hidden, n_out))
    start = [weight.start for weight in base.weights]
    return Network.from_flat((n_in, n_hidden, n_out), i or base.inputs, t or base.targets, w or start)


def _sizes(inputs: list | None, targets: list | None, weights: list | None) -> tuple[int, int, int]:
    """The sizes from the lists that are given, the exercise's for the others."""
    n_in, n_hidden, n_out = DEFAULT.sizes
    n_in, n_out = len(inputs or DEFAULT.inputs), len(targets or DEFAULT.targets)
    if weights is None:
        return n_in, n_hidden, n_out
    per_unit = n_in + n_out  # a hidden unit has this many weights, in and out
    if len(weights) % per_unit:
        raise GradsheetError(
            f"--weights has {len(weights)} numbers; {n_in} inputs and {n_out} outputs need a multiple of {per_unit}."
        )
    return n_in, len(weights) // per_unit, n_out
