"""One step and whole loss curves against plain PyTorch and torchvision on the same batches."""

import numpy as np
import pytest
import torch
from plain import batch, network, with_weights
from torch.nn import functional

from trainer.augment import draw, transform
from trainer.cpu import CpuTrainer
from trainer.cuda import GraphStep, uncounted
from trainer.data import load_mnist
from trainer.dropout import keep_masks
from trainer.model import MnistCNN
from trainer.recipes import PUBLISHED, QUICK, choose_recipe
from trainer.step import evaluate, make_optimizer, normalise, preserved

STEPS = 40


class GivenDropout(torch.nn.Module):
    """Dropout in plain PyTorch with masks that are handed in."""

    def forward(self, x):
        return x * self.mask / 0.95


@pytest.fixture(scope="module")
def batches(digits):
    """Images and labels of a few steps, from MNIST-like digits, as the trainer keeps them."""
    generator = torch.Generator().manual_seed(0)
    order = torch.randperm(len(digits.train_images), generator=generator)[: 64 * 20].repeat(2)
    affine = draw(np.random.default_rng(0), len(order), 20, 0.1, 0.1)
    return transform(digits.train_images[order], affine), digits.train_labels[order]


def plain_curve(model, recipe, images, labels, rates, seed):
    """Losses and final weights of the published pipeline, with this recipe's optimizer written out for plain SGD."""
    plain = with_weights(model.state_dict()).train()
    weights = [p for p in plain.parameters() if p.ndim > 1]
    others = [p for p in plain.parameters() if p.ndim == 1]
    optimizer = torch.optim.SGD(
        [{"params": weights, "weight_decay": recipe.weight_decay}, {"params": others}],
        lr=1.0, momentum=recipe.momentum, nesterov=recipe.nesterov,
    )  # fmt: skip
    dropouts = [index for index, layer in enumerate(plain) if isinstance(layer, torch.nn.Dropout)]
    for index in dropouts:
        plain[index] = GivenDropout()
    rng, losses = np.random.default_rng(seed), []
    for step, (x, y) in enumerate(zip(images.split(64), labels.split(64), strict=True)):
        p = recipe.dropout
        masks = keep_masks(rng, len(x), model.dropout_shapes(), p) if p else [torch.tensor(0.95)] * 5
        for index, mask in zip(dropouts, masks, strict=True):
            plain[index].mask = mask
        for group in optimizer.param_groups:
            group["lr"] = rates[step]
        optimizer.zero_grad()
        loss = functional.nll_loss(plain(batch(x)), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return np.array(losses), plain


def fast_curve(model, recipe, images, labels, rates, seed, **options):
    trainer = CpuTrainer(model, make_optimizer(model, recipe, 1.0), recipe, **options)
    rng, losses = np.random.default_rng(seed), []
    for step, (x, y) in enumerate(zip(images.split(64), labels.split(64), strict=True)):
        losses.append(trainer.epoch(x, y, rates[step : step + 1], rng, lambda step: None)[0])
    return np.array(losses)


def test_the_input_is_torchvisions(digits):
    assert torch.equal(normalise(digits.test_images[:50]), batch(digits.test_images[:50]))


# A weight decay so strong that leaving it out, or laying it on BatchNorm too, would show in two steps.
STRONG = choose_recipe("quick", weight_decay=0.1)


@pytest.mark.parametrize("recipe", [PUBLISHED, STRONG], ids=lambda recipe: recipe.name)
def test_two_steps_are_plain_pytorchs(recipe, batches):
    torch.manual_seed(4)
    model = MnistCNN(recipe.dropout)
    images, labels, rates = batches[0][:128], batches[1][:128], np.array([0.05, 0.02])
    expected_losses, plain = plain_curve(model, recipe, images, labels, rates, 1)
    losses = fast_curve(model, recipe, images, labels, rates, 1)
    np.testing.assert_allclose(losses, expected_losses, rtol=1e-4)
    for ours, theirs in zip(model.state_dict().values(), plain.state_dict().values(), strict=True):
        # Gradients of two correct implementations differ at ReLU and max-pool ties.
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=3e-4)


@pytest.mark.parametrize(("recipe", "rate"), [(PUBLISHED, 0.01), (QUICK, 0.05)], ids=["published", "quick"])
@pytest.mark.parametrize("bfloat16", [False, True], ids=["float32", "bfloat16"])
def test_the_loss_curve_is_the_published_pipelines(recipe, rate, bfloat16, batches):
    torch.manual_seed(5)
    model, (images, labels) = MnistCNN(recipe.dropout), batches
    rates = np.full(STEPS, rate)
    expected, _ = plain_curve(model, recipe, images, labels, rates, 2)
    losses = fast_curve(model, recipe, images, labels, rates, 2, bfloat16=bfloat16)
    assert expected[-5:].mean() < 0.95 * expected[:5].mean(), "a flat curve would prove nothing"
    # Roundings grow along a trajectory, faster at the higher rate.
    first, whole = (0.02, 0.12) if bfloat16 else (1e-4, 0.02)
    np.testing.assert_allclose(losses[:5], expected[:5], rtol=first)
    assert np.abs(losses - expected).mean() < whole * expected.mean()


def test_on_mnist_too_the_curves_agree(mnist_folder):
    data = load_mnist(mnist_folder)
    affine = draw(np.random.default_rng(3), 64 * STEPS, 20, 0.1, 0.1)
    images, labels = transform(data.train_images[: 64 * STEPS], affine), data.train_labels[: 64 * STEPS]
    torch.manual_seed(1)
    model, rates = MnistCNN(0.05), np.full(STEPS, 0.01)
    expected, _ = plain_curve(model, PUBLISHED, images, labels, rates, 0)
    losses = fast_curve(model, PUBLISHED, images, labels, rates, 0)
    np.testing.assert_allclose(losses, expected, rtol=0.02)


def test_the_graphs_step_is_the_cpu_step_without_a_graph(batches):
    """What CUDA captures, run on the CPU without capture, with a smaller last batch."""
    recipe = choose_recipe("quick", dropout=0.0)
    images, labels = batches[0][:200], batches[1][:200]
    rates = np.array([0.01, 0.05, 0.1, 0.02])
    torch.manual_seed(6)
    model, other = MnistCNN(0.0), MnistCNN(0.0)
    other.load_state_dict(model.state_dict())
    trainer = CpuTrainer(model, make_optimizer(model, recipe, 1.0), recipe)
    expected = trainer.epoch(images, labels, rates, np.random.default_rng(0), lambda step: None)

    other = other.to(memory_format=torch.channels_last).train()
    optimizer = make_optimizer(other, recipe, 1.0)
    step = GraphStep(other, optimizer, recipe, len(images), torch.device("cpu"))
    norms = [layer for layer in other.modules() if isinstance(layer, torch.nn.BatchNorm2d)]
    with uncounted(norms):
        with preserved(other, optimizer):
            step.run_fresh(64)
        step.load(images, labels, rates)
        for size in (64, 64, 64, 8):
            step.run_fresh(size)
    assert step.full == 3 and step.rest == 8
    loss, correct = step.totals()
    assert correct == expected[1] and loss == pytest.approx(expected[0], rel=1e-6)
    for name, tensor in model.state_dict().items():
        if "num_batches_tracked" not in name:
            torch.testing.assert_close(other.state_dict()[name], tensor, rtol=1e-5, atol=1e-6)


def test_the_evaluation_is_an_independent_ones(digits):
    torch.manual_seed(0)
    plain = network()
    model = MnistCNN()
    names = {name: name.removeprefix("layers.").replace("25.", "26.") for name in model.state_dict()}
    state = plain.state_dict()
    model.load_state_dict({name: state[names[name]] for name in names})
    plain.eval()
    with torch.no_grad():
        outputs = plain(batch(digits.test_images))
    loss, correct = evaluate(model, digits.test_images, digits.test_labels)
    assert correct == int((outputs.argmax(1) == digits.test_labels).sum())
    assert loss == pytest.approx(functional.nll_loss(outputs, digits.test_labels).item(), rel=1e-5)
