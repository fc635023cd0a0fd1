"""The maths of backpropagation and the functions that Excel calls.

Excel's functions are loaded on first use, so that the maths (`xlfuncs.maths`, `xlfuncs.network`) needs only numpy and
not xlwings. Built workbooks call them by these names: `xlfuncs.BP_GRAD` and its family must stay.
"""

from importlib import import_module

__all__ = [
    "BP_CHECK",
    "BP_ERROR",
    "BP_EXPLAIN",
    "BP_FORWARD",
    "BP_GRAD",
    "BP_GRADCHECK",
    "BP_SIGMOID",
    "BP_SWEEP",
    "BP_TABLE",
    "BP_UPDATE",
    "MNIST_PREDICT",
    "NN_EXPLAIN",
    "NN_FORWARD",
    "NN_GRAD",
    "NN_GRADCHECK",
    "NN_LOSS",
    "NN_TABLE",
    "NN_UPDATE",
]


def __getattr__(attribute: str):
    if attribute in __all__:
        return getattr(import_module("xlfuncs.excel"), attribute)
    raise AttributeError(f"module 'xlfuncs' has no attribute {attribute!r}")


def __dir__() -> list[str]:
    # xlwings finds the functions of a module through dir().
    return sorted([*globals(), *__all__])
