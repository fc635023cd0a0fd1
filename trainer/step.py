"""The maths of one training step and of an evaluation, the same on every device."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.nn import functional

from trainer.model import MnistCNN
from trainer.recipes import Recipe

MEAN, STD = 0.1307, 0.3081  # of the MNIST training images, as published
TEST_BATCH = 250  # larger ones are slower on a CPU


def normalise(images: Tensor) -> Tensor:
    """Pixels 0-255, uint8 (n, 28, 28), as the model's input, float32 (n, 1, 28, 28): ToTensor, then Normalize."""
    return images.unsqueeze(1).float().div_(255).sub_(MEAN).div_(STD)


def make_optimizer(model: MnistCNN, recipe: Recipe, rate: float | Tensor) -> torch.optim.SGD:
    """SGD whose weight decay spares BatchNorm and the linear bias, which are the parameters with one dimension."""
    weights, others = _decayed(model), _spared(model)
    groups = [{"params": weights, "weight_decay": recipe.weight_decay}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.SGD(groups, lr=rate, momentum=recipe.momentum, nesterov=recipe.nesterov, fused=True)


def _decayed(model: MnistCNN) -> list[Tensor]:
    return [parameter for parameter in model.parameters() if parameter.ndim > 1]


def _spared(model: MnistCNN) -> list[Tensor]:
    return [parameter for parameter in model.parameters() if parameter.ndim == 1]


def optimized(model: MnistCNN) -> list[Tensor]:
    """The parameters as the optimizer's state numbers them."""
    return [*_decayed(model), *_spared(model)]


def loss_and_correct(
    model: MnistCNN, images: Tensor, labels: Tensor, kept: list[Tensor] | None = None, bfloat16: bool = False
) -> tuple[Tensor, Tensor]:
    """The batch's mean negative log-likelihood, and how many of its images are right, as 0-d tensors.

    images: uint8 (n, 28, 28). labels: int64 (n,). kept: the dropout masks, see MnistCNN.forward.
    """
    with torch.autocast(images.device.type, torch.bfloat16, enabled=bfloat16):
        log_probabilities = model(normalise(images), kept)
    loss = functional.nll_loss(log_probabilities, labels)
    return loss, (log_probabilities.argmax(dim=1) == labels).sum()


@torch.no_grad()
def log_probabilities(model: MnistCNN, images: Tensor) -> Tensor:
    """What the model says of each image in float32 without augmentation or dropout: (n, 10), for uint8 (n, 28, 28)."""
    training = model.training
    model.eval()
    result = torch.cat([model(normalise(batch)) for batch in images.split(TEST_BATCH)])
    model.train(training)
    return result


def evaluate(model: MnistCNN, images: Tensor, labels: Tensor) -> tuple[float, int]:
    """Mean loss and number of right answers."""
    log_p = log_probabilities(model, images)
    loss = functional.nll_loss(log_p, labels)
    return loss.item(), int((log_p.argmax(dim=1) == labels).sum())


@contextmanager
def preserved(model: MnistCNN, optimizer: torch.optim.SGD) -> Iterator[None]:
    """Within the block model and optimizer may be trained; afterwards they hold what they held before.

    The tensors stay the same objects, so a CUDA graph captured later reads the right ones. Momentum buffers that the
    block made stay, filled with zero, which SGD treats as none; gradients go.
    """
    weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    momentum = {key: state["momentum_buffer"].clone() for key, state in optimizer.state.items()}
    yield
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            tensor.copy_(weights[name])
        for key, state in optimizer.state.items():
            state["momentum_buffer"].copy_(momentum[key]) if key in momentum else state["momentum_buffer"].zero_()
    optimizer.zero_grad(set_to_none=True)
