"""The command line's numbers; what doesn't fit gets one sentence."""

import math

from xlfuncs.errors import OptionError


def numbers(option: str, written: str) -> list[float]:
    """0.1,0.2,0.5 as floats. Raises OptionError."""
    found = []
    for item in written.split(","):
        try:
            value = float(item)
        except ValueError:
            what = f"'{item.strip()}'" if item.strip() else "nothing between two commas"
            raise OptionError(f"{option} has {what}; give numbers with commas, such as {option} 0.1,0.2.") from None
        if not math.isfinite(value):
            raise OptionError(f"{option} has {item.strip()}; give finite numbers.")
        found.append(value)
    return found


def learning_rates(written: str) -> list[float]:
    """The learning rates, each above 0. Raises OptionError."""
    rates = numbers("--lr", written)
    wrong = [rate for rate in rates if rate <= 0]
    if wrong:
        raise OptionError(f"--lr has {wrong[0]:g}; a learning rate is above 0.")
    return rates
