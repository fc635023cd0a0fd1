"""The names a user may give, in a module that loads nothing heavy."""

from xlfuncs.errors import INSTALL  # noqa: F401 (until xlfuncs.functions takes it from there itself)

DATASETS = {
    "mnist": "MNIST",
    "digits": "digits from scikit-learn (not MNIST)",
}
DEVICES = ("auto", "cuda", "cpu")
