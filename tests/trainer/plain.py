"""The published network and pipeline in plain PyTorch and torchvision, apart from trainer: the tests' oracle."""

import torch
from torch import nn
from torchvision import transforms


def block(channels_in, channels_out):
    return [
        nn.Conv2d(channels_in, channels_out, 3, bias=False),
        nn.ReLU(),
        nn.BatchNorm2d(channels_out),
        nn.Dropout(0.05),
    ]


def network():
    return nn.Sequential(
        *block(1, 16),
        *block(16, 24),
        nn.Conv2d(24, 10, 1, bias=False),
        nn.MaxPool2d(2),
        *block(10, 14),
        *block(14, 16),
        *block(16, 16),
        nn.AvgPool2d(6),
        nn.Conv2d(16, 16, 1, bias=False),
        nn.Conv2d(16, 32, 1, bias=False),
        nn.Flatten(),
        nn.Linear(32, 10),
        nn.LogSoftmax(dim=1),
    )


def with_weights(state):
    """The network with the weights of a checkpoint; its Flatten moves the linear layer's number by one."""
    plain = network()
    names = {name: name.removeprefix("layers.").replace("25.", "26.") for name in state}
    plain.load_state_dict({names[name]: tensor.clone() for name, tensor in state.items()})
    return plain


to_tensor = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])


def batch(images):
    """uint8 (n, 28, 28) through torchvision's transforms, image by image."""
    return torch.stack([to_tensor(transforms.functional.to_pil_image(image)) for image in images])


def evaluate(plain, images, labels):
    """(mean loss, number right), one image batch at a time."""
    plain.eval()
    with torch.no_grad():
        outputs = torch.cat([plain(batch(part)) for part in images.split(500)])
    return nn.functional.nll_loss(outputs, labels).item(), int((outputs.argmax(1) == labels).sum())
