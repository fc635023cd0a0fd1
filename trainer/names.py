"""The names a user may give, in a module that loads nothing heavy."""

DATASETS = {
    "mnist": "MNIST",
    "digits": "digits from scikit-learn (not MNIST)",
}
DEVICES = ("auto", "cuda", "cpu")
