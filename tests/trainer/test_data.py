"""MNIST from folders and from a server of the test's own, and every way in which it can be missing or wrong."""

import gzip
import hashlib
import http.server
import threading

import numpy as np
import pytest
import torch
from torchvision.datasets import MNIST

from trainer import data
from trainer.data import DIGITS_TEST, choose_dataset, load
from xlfuncs.errors import GradsheetError


def idx(array):
    head = bytes([0, 0, 8, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
    return head + array.astype(np.uint8).tobytes()


@pytest.fixture
def small(monkeypatch):
    """Contents of four small files in MNIST's format, whose checksums stand in for MNIST's."""
    rng = np.random.default_rng(0)
    contents = {
        "train-images-idx3-ubyte": idx(rng.integers(0, 256, (50, 28, 28))),
        "train-labels-idx1-ubyte": idx(rng.integers(0, 10, 50)),
        "t10k-images-idx3-ubyte": idx(rng.integers(0, 256, (20, 28, 28))),
        "t10k-labels-idx1-ubyte": idx(rng.integers(0, 10, 20)),
    }
    monkeypatch.setattr(data, "MNIST_FILES", {name: hashlib.md5(text).hexdigest() for name, text in contents.items()})
    return contents


def put(folder, contents):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)


@pytest.fixture
def mirror(tmp_path, small, monkeypatch):
    """A server on this machine that torchvision downloads the small files from."""
    folder = tmp_path / "mirror"
    put(folder, {name + ".gz": gzip.compress(content, mtime=0) for name, content in small.items()})

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(folder))

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(MNIST, "mirrors", [f"http://127.0.0.1:{server.server_port}/"])
    sums = [(path.name, hashlib.md5(path.read_bytes()).hexdigest()) for path in sorted(folder.iterdir())]
    monkeypatch.setattr(MNIST, "resources", sums)
    yield folder
    server.shutdown()
    server.server_close()


def test_mnist_is_torchvisions(mnist_folder):
    loaded = load("mnist", mnist_folder)
    for train, images, labels in (
        (True, loaded.train_images, loaded.train_labels),
        (False, loaded.test_images, loaded.test_labels),
    ):
        reference = MNIST(mnist_folder, train=train)
        assert torch.equal(images, reference.data) and torch.equal(labels, reference.targets)
    assert loaded.label == "MNIST"


@pytest.mark.parametrize("below", [".", "raw", "MNIST/raw"])
def test_the_files_are_found_where_people_put_them(tmp_path, small, below):
    put(tmp_path / below, small)
    assert load("mnist", tmp_path).train_images.shape == (50, 28, 28)


def test_a_download_is_kept_and_found_again(home, mirror, monkeypatch):
    first = load("mnist")
    monkeypatch.setattr(MNIST, "mirrors", ["http://127.0.0.1:9/"])
    assert torch.equal(load("mnist").test_images, first.test_images)
    raw = home / "data" / "MNIST" / "raw"
    assert sorted(path.name for path in raw.iterdir()) == sorted(data.MNIST_FILES)
    assert [path.name for path in (home / "data").iterdir()] == ["MNIST"], "nothing temporary stays behind"


def test_a_damaged_download_leaves_nothing_behind(home, mirror):
    (mirror / "t10k-labels-idx1-ubyte.gz").write_bytes(b"an error page")
    with pytest.raises(GradsheetError, match="digits"):
        load("mnist")
    assert not [path for path in (home / "data").rglob("*") if path.is_file()]


def test_no_network_says_where_to_put_which_files(home, monkeypatch):
    monkeypatch.setattr(MNIST, "mirrors", ["http://127.0.0.1:9/"])
    with pytest.raises(GradsheetError) as caught:
        load("mnist")
    message = str(caught.value)
    assert all(name in message for name in data.MNIST_FILES) and "--dataset digits" in message
    assert str(home / "data" / "MNIST" / "raw") in message and "\n" not in message


def test_the_demo_takes_mnist_or_says_why_not(tmp_path, home, small, monkeypatch):
    monkeypatch.setattr(MNIST, "mirrors", ["http://127.0.0.1:9/"])
    name, sentence = choose_dataset()
    assert name == "digits" and "scikit-learn" in sentence and "can't be downloaded" in sentence
    put(home / "data" / "MNIST" / "raw", small)
    assert choose_dataset() == ("mnist", "Training on MNIST.")


def test_a_missing_folder_is_not_made(tmp_path):
    with pytest.raises(GradsheetError, match="does not exist"):
        load("mnist", tmp_path / "typo")
    assert not (tmp_path / "typo").exists()


def test_a_part_of_mnist_is_named(tmp_path, small):
    put(tmp_path, small)
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(GradsheetError, match="t10k-labels-idx1-ubyte missing"):
        load("mnist", tmp_path)


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b"", lambda b: b[:100] + b"\xff" + b[101:]])
def test_a_damaged_file_is_named(tmp_path, small, damage):
    put(tmp_path, small)
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(GradsheetError, match="train-images-idx3-ubyte is damaged"):
        load("mnist", tmp_path)


def test_digits_are_scikit_learns_and_labelled(digits):
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    assert digits.label == "digits from scikit-learn (not MNIST)"
    assert len(digits.train_images) == len(images) - DIGITS_TEST and len(digits.test_images) == DIGITS_TEST
    assert torch.cat([digits.train_labels, digits.test_labels]).tolist() == labels.tolist()
    every = torch.cat([digits.train_images, digits.test_images])
    assert every.shape[1:] == (28, 28) and every.dtype == torch.uint8 and every.max() == 255
    assert not every[:, :4].any() and not every[:, :, -4:].any(), "MNIST's margin"
    # Averaged back to 8x8 it is the same writing.
    small = torch.nn.functional.adaptive_avg_pool2d(every[:, None, 4:24, 4:24].float(), 8).flatten(1).numpy()
    agreement = [np.corrcoef(a, b)[0, 1] for a, b in zip(small, images, strict=True)]
    assert min(agreement) > 0.9


def test_held_out_images_come_from_the_training_set(digits):
    held = load("digits", holdout=100)
    assert torch.equal(held.test_images, digits.train_images[-100:]) and len(held.train_images) == 1337
    assert "held-out" in held.label


def test_an_unknown_dataset_is_refused():
    with pytest.raises(GradsheetError, match="mnist or digits"):
        load("cifar")
