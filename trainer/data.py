"""The images: MNIST through torchvision, or scikit-learn's digits, whole in memory as uint8.

MNIST is looked for in the folder given, or in a per-user data folder to which torchvision downloads it once. All four
files are checked against their MD5 before use, so that a number in a log is a number about MNIST.
"""

import hashlib
import os
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from trainer.folders import user_folder
from trainer.names import DATASETS
from trainer.refusals import reason as reason_of
from trainer.refusals import unreadable
from xlfuncs.errors import DataError, GradsheetError, MissingPackageError, OptionError

# The uncompressed files; torchvision itself knows the sums of the compressed ones.
MNIST_FILES = {
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}
DOWNLOAD_SECONDS = 20  # without an answer
DIGITS_TEST = 360  # the last ones; the first 1,437 are trained on
DIGITS_BOX = 20  # MNIST's digits fill a box of 20×20 in their 28×28


@dataclass(frozen=True)
class Data:
    """Images uint8 (n, 28, 28) and labels int64 (n,), with the words that name them wherever a number appears."""

    label: str
    train_images: Tensor
    train_labels: Tensor
    test_images: Tensor
    test_labels: Tensor

    def to(self, device: torch.device) -> "Data":
        """The same data on another device."""
        names = ("train_images", "train_labels", "test_images", "test_labels")
        return Data(self.label, *(getattr(self, name).to(device) for name in names))


def load(dataset: str, folder: Path | str | None = None, *, holdout: int = 0, limit: int | None = None) -> Data:
    """The dataset by name; raises GradsheetError where it isn't to be had or is damaged.

    folder: where MNIST is or is to be downloaded to; None is the per-user folder. holdout: take that many of the last
    training images as the test set instead, to choose a recipe without the test set. limit: keep only the first so many
    of each set, for a dry run.
    """
    if dataset not in DATASETS:
        raise OptionError(f"There is no dataset {dataset!r}; choose {' or '.join(DATASETS)}.")
    data = load_mnist(folder) if dataset == "mnist" else load_digits()
    if holdout >= len(data.train_images):
        raise OptionError(f"{holdout} images can't be held out of {len(data.train_images)}; give less.")
    if holdout:
        split = len(data.train_images) - holdout
        label = f"{data.label}, tested on {holdout:,} held-out training images"
        images, labels = data.train_images, data.train_labels
        data = Data(label, images[:split], labels[:split], images[split:], labels[split:])
    if limit:
        label = f"{data.label}, the first {limit} images only"
        data = Data(
            label, *(t[:limit] for t in (data.train_images, data.train_labels, data.test_images, data.test_labels))
        )
    return data


def choose_dataset(folder: Path | str | None = None) -> tuple[str, str]:
    """`mnist` where it is there or can be downloaded, otherwise `digits`; and a sentence that says which and why."""
    try:
        load_mnist(folder)
    except GradsheetError as error:
        return "digits", f"Training on {DATASETS['digits']}. {error}"
    return "mnist", f"Training on {DATASETS['mnist']}."


def load_digits() -> Data:
    """scikit-learn's 1,797 handwritten digits (8×8, 0-16), enlarged to 20×20 in the middle of 28×28."""
    try:
        from sklearn.datasets import load_digits as sklearn_digits
    except ImportError as error:
        raise MissingPackageError.of("scikit-learn", "The dataset of digits") from error

    images, labels = sklearn_digits(return_X_y=True)
    small = torch.from_numpy(images).float().view(-1, 1, 8, 8) * (255 / 16)
    large = torch.nn.functional.interpolate(small, size=(DIGITS_BOX, DIGITS_BOX), mode="bilinear")
    margin = (28 - DIGITS_BOX) // 2
    pixels = torch.nn.functional.pad(large.squeeze(1).round().to(torch.uint8), (margin,) * 4)
    targets = torch.from_numpy(labels.astype(np.int64))
    split = len(pixels) - DIGITS_TEST
    return Data(DATASETS["digits"], pixels[:split], targets[:split], pixels[split:], targets[split:])


def load_mnist(folder: Path | str | None = None) -> Data:
    """MNIST from the folder given or the per-user folder, downloaded to it where it is missing."""
    from torchvision.datasets.mnist import read_image_file, read_label_file

    if folder is not None:
        _check_folder(folder)
    root = Path(folder) if folder is not None else user_folder() / "data"
    raw = find_mnist(root) or download_mnist(root)
    for name in MNIST_FILES:
        _verify(raw / name)
    return Data(
        DATASETS["mnist"],
        *(
            read(str(raw / f"{part}-{kind}-ubyte"))
            for part in ("train", "t10k")
            for read, kind in ((read_image_file, "images-idx3"), (read_label_file, "labels-idx1"))
        ),
    )


def _check_folder(folder: Path | str) -> None:
    try:
        with os.scandir(folder):
            return
    except FileNotFoundError:
        reason = "does not exist; make it, or"
    except OSError as error:
        reason = f"can't be read ({reason_of(error)}); change that, or"
    raise DataError(f"The data folder {folder} {reason} give the one that holds MNIST.")


def find_mnist(root: Path) -> Path | None:
    """The folder in or under root that holds the four files; raises GradsheetError where only some are there."""
    candidates = (root / "MNIST" / "raw", root / "raw", root)
    for candidate in candidates:
        if all((candidate / name).is_file() for name in MNIST_FILES):
            return candidate
    for candidate in candidates:
        missing = [name for name in MNIST_FILES if not (candidate / name).is_file()]
        if len(missing) < len(MNIST_FILES):
            raise DataError(
                f"{candidate} holds a part of MNIST only: {', '.join(missing)} missing; put all four files there, "
                "uncompressed, or remove them so that they are downloaded."
            )
    return None


def _verify(path: Path) -> None:
    try:
        digest = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    except OSError as error:
        raise unreadable(path, error) from error
    if digest != MNIST_FILES[path.name]:
        raise DataError(
            f"{path} is damaged or is not MNIST's (MD5 {digest}, expected {MNIST_FILES[path.name]}); "
            "remove the four files and run again to download them, or put the original ones there."
        )


def download_mnist(root: Path) -> Path:
    """Let torchvision download MNIST, and move it to root/MNIST/raw only when it is complete and checked."""
    from torchvision.datasets import MNIST

    target = root / "MNIST" / "raw"
    names = ", ".join(MNIST_FILES)
    patience = socket.getdefaulttimeout()
    socket.setdefaulttimeout(DOWNLOAD_SECONDS)  # torchvision sets none, and would wait for ever
    try:
        target.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=root, prefix=".download-") as temporary:
            loader = MNIST(temporary, download=True)
            for name in MNIST_FILES:
                _verify(Path(loader.raw_folder) / name)
                os.replace(Path(loader.raw_folder) / name, target / name)
    except GradsheetError:
        raise
    # torchvision raises RuntimeError when no mirror answers; URLError and socket errors are OSErrors.
    except (OSError, RuntimeError) as error:
        raise DataError(
            f"MNIST can't be downloaded (no network, or no space in {root}); put its four files ({names}) into "
            f"{target}, or train on scikit-learn's digits with --dataset digits."
        ) from error
    finally:
        socket.setdefaulttimeout(patience)
    return target
