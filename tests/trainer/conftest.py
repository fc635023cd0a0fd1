import os
from pathlib import Path

import pytest

from trainer.data import Data, load_digits

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def mnist_folder():
    """The folder that holds the real MNIST."""
    shared = Path(os.environ.get("GRADSHEET_SHARED", REPOSITORY.parent / "shared"))
    if not (shared / "data" / "MNIST" / "raw").is_dir():
        pytest.skip(f"no MNIST in {shared / 'data'}")
    return shared / "data"


@pytest.fixture(scope="session")
def digits():
    return load_digits()


@pytest.fixture(scope="session")
def few(digits):
    """Digits cut down to three batches of 64 and a smaller one."""
    d = digits
    return Data(d.label, d.train_images[:200], d.train_labels[:200], d.test_images[:100], d.test_labels[:100])


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Nothing is read from or written to the user's own folders."""
    monkeypatch.setenv("GRADSHEET_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("GRADSHEET_RUN", raising=False)
    return tmp_path / "home"
