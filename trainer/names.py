"""The names a user may give, in a module that loads nothing heavy."""

DATASETS = {
    "mnist": "MNIST",
    "digits": "digits from scikit-learn (not MNIST)",
}
# gradsheet is installed from its own folder, not from a package index.
INSTALL = 'python -m pip install -e ".[train]" in gradsheet\'s folder'
DEVICES = ("auto", "cuda", "cpu")
