import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.datasets.mnist import read_image_file
from torchvision.transforms import RandomAffine
from torchvision.transforms import functional as tv

from trainer import augment
from trainer.augment import Affine, draw, transform


def by_torchvision(images, affine):
    """Image by image on PIL, as RandomAffine does it once it has drawn its parameters."""
    rows = []
    for image, angle, shift, scale in zip(images, affine.angle, affine.shift, affine.scale, strict=True):
        picture = Image.fromarray(image.numpy())
        rows.append(np.asarray(tv.affine(picture, float(angle), [int(v) for v in shift], float(scale), [0.0, 0.0])))
    return np.stack(rows)


RANGES = [(20, 0.1, 0.1), (12, 0.08, 0.1), (180, 0.6, 0.9), (0, 0.1, 0.3), (0, 0.1, 0), (20, 0, 0), (0, 0, 0)]


@pytest.mark.parametrize("ranges", RANGES)
def test_noise_is_bit_equal_to_torchvision_on_pil(ranges):
    rng = np.random.default_rng(abs(hash(ranges)) % 1000)
    images = torch.from_numpy(rng.integers(0, 256, (700, 28, 28), dtype=np.uint8))
    affine = draw(rng, len(images), *ranges)
    np.testing.assert_array_equal(transform(images, affine).numpy(), by_torchvision(images, affine))


def test_thousands_of_mnist_images_are_bit_equal(mnist_folder):
    images = read_image_file(str(mnist_folder / "MNIST/raw/train-images-idx3-ubyte"))[:4000]
    affine = draw(np.random.default_rng(5), len(images), 20, 0.1, 0.1)
    np.testing.assert_array_equal(transform(images, affine).numpy(), by_torchvision(images, affine))


def test_rotated_and_unrotated_images_mix_in_one_batch():
    rng = np.random.default_rng(0)
    images = torch.from_numpy(rng.integers(0, 256, (600, 28, 28), dtype=np.uint8))
    affine = draw(rng, 600, 20, 0.1, 0.1)
    affine.angle[rng.random(600) < 0.3] = 0.0
    np.testing.assert_array_equal(transform(images, affine).numpy(), by_torchvision(images, affine))


def test_the_chunk_size_changes_nothing(monkeypatch):
    rng = np.random.default_rng(1)
    images = torch.from_numpy(rng.integers(0, 256, (100, 28, 28), dtype=np.uint8))
    affine = draw(rng, 100, 20, 0.1, 0.1)
    whole = transform(images, affine)
    monkeypatch.setattr(augment, "CHUNK", 7)
    assert torch.equal(transform(images, affine), whole)


def test_the_parameters_are_distributed_as_random_affines():
    ours = draw(np.random.default_rng(2), 20_000, 20, 0.1, 0.1)
    torch.manual_seed(2)
    theirs = [RandomAffine.get_params([-20, 20], (0.1, 0.1), (0.9, 1.1), None, [28, 28]) for _ in range(20_000)]
    angle, shift, scale = (np.array(column) for column in list(zip(*theirs, strict=True))[:3])
    np.testing.assert_allclose(
        np.quantile(ours.angle, (0, 0.25, 0.5, 1)), np.quantile(angle, (0, 0.25, 0.5, 1)), atol=0.6
    )
    np.testing.assert_allclose(np.quantile(ours.scale, (0, 0.5, 1)), np.quantile(scale, (0, 0.5, 1)), atol=0.01)
    values, counts = np.unique(ours.shift, return_counts=True)
    their_values, their_counts = np.unique(shift, return_counts=True)
    assert values.tolist() == their_values.tolist() == [-3, -2, -1, 0, 1, 2, 3]
    np.testing.assert_allclose(counts, their_counts, rtol=0.1)


def test_identity_is_identity():
    images = torch.arange(784, dtype=torch.int64).remainder(256).to(torch.uint8).view(1, 28, 28)
    assert torch.equal(transform(images, Affine(np.zeros(1), np.zeros((1, 2), np.int64), np.ones(1))), images)
