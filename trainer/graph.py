"""The autograd graph of the model as a picture, as in the published material."""

import torch

from trainer.model import IMAGE_SIZE, MnistCNN
from xlfuncs.errors import MissingPackageError, StartError


def autograd_graph(image_format: str = "png") -> bytes:
    """The graph that backward walks, from the output to every parameter, drawn by torchviz and Graphviz.

    image_format: what Graphviz can write, such as png or svg. Raises MissingPackageError where torchviz and
    StartError where Graphviz isn't there, saying what to install.
    """
    try:
        import graphviz
        import torchviz
    except ImportError as error:
        raise MissingPackageError.of(error.name, "The autograd graph", "run python -m pip install torchviz") from error
    model = MnistCNN().train()
    output = model(torch.zeros(2, 1, IMAGE_SIZE, IMAGE_SIZE))
    graph = torchviz.make_dot(output, params=dict(model.named_parameters()))
    try:
        return graph.pipe(format=image_format)
    except graphviz.ExecutableNotFound as error:
        raise StartError(
            "The autograd graph needs Graphviz's program dot; install Graphviz from graphviz.org."
        ) from error
