import numpy as np
import pytest
import torch

from trainer.dropout import keep_flags, keep_masks
from trainer.model import MnistCNN


@pytest.mark.parametrize("p", [0.05, 0.25, 0.5, 1 / 256, 0.0])
def test_the_share_kept_is_exact_and_neighbours_are_independent(p):
    n = 4_000_001
    kept = keep_flags(np.random.default_rng(3), n, p)
    assert kept.shape == (n,) and kept.dtype == bool
    deviation = np.sqrt(p * (1 - p) / n) if p else 0
    assert abs(kept.mean() - (1 - p)) <= 4 * deviation
    dropped = ~kept
    for distance in (1, 2, 8, 64):
        both = (dropped[:-distance] & dropped[distance:]).mean()
        assert abs(both - p * p) <= 5 * np.sqrt(p * p / n)


def test_the_bytes_on_the_edge_are_shared_out():
    # A generator whose every byte is 12, the edge of 0.05 = 12.8/256: a fifth of them is kept.
    class Edge:
        integers = staticmethod(lambda low, high, count, dtype: np.full(count, 0x0C0C0C0C0C0C0C0C, dtype))
        random = staticmethod(np.random.default_rng(0).random)

    assert keep_flags(Edge, 100_000, 0.05).mean() == pytest.approx(0.2, abs=0.01)


def test_masks_have_the_models_shapes_and_the_models_memory_order():
    model = MnistCNN().to(memory_format=torch.channels_last).train()
    masks = keep_masks(np.random.default_rng(0), 8, model.dropout_shapes(), 0.05)
    assert [tuple(mask.shape) for mask in masks] == [
        (8, 16, 26, 26), (8, 24, 24, 24), (8, 14, 10, 10), (8, 16, 8, 8), (8, 16, 6, 6),
    ]  # fmt: skip
    assert all(mask.is_contiguous(memory_format=torch.channels_last) for mask in masks)


def test_given_masks_do_what_dropout_does():
    torch.manual_seed(0)
    model = MnistCNN(dropout=0.3).train()
    images = torch.randn(4, 1, 28, 28)
    drawn = []

    def remember(layer, inputs, output):
        drawn.append((output != 0) | (inputs[0] == 0))

    hooks = [layer.register_forward_hook(remember) for layer in model.layers if isinstance(layer, torch.nn.Dropout)]
    expected = model(images)
    for hook in hooks:
        hook.remove()
    assert torch.allclose(model(images, drawn), expected, atol=1e-5)
