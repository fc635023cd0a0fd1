"""The one numeric σ: the maths, the formulas' evaluation and the checker's right tables all use it."""

import math

import numpy as np

Array = np.ndarray

EXP_LIMIT = -700.0
"""Below this, σ(x) is e^x to every digit, and is computed as that: e^(-x) overflows from x = -709.78 on."""


def sigmoid(x: Array | float) -> Array | float:
    """σ(x) = 1 / (1 + e^(-x)), elementwise; σ(±1000) is 1 or 0, without a warning.

    The exponential is the C library's, the one that spreadsheets call: LibreOffice then finds the same bits, and the
    numbers don't depend on the processor as those of numpy's own vectorised exponential do.
    """
    if isinstance(x, float):
        return math.exp(x) if x < EXP_LIMIT else 1.0 / (1.0 + math.exp(-x))
    x = np.asarray(x, dtype=float)
    tiny = x < EXP_LIMIT
    exponents = np.where(tiny, x, -x)
    power = np.fromiter(map(math.exp, exponents.ravel().tolist()), float, x.size).reshape(x.shape)
    return np.where(tiny, power, 1.0 / (1.0 + power))[()]
