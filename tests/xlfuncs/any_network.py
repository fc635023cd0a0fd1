"""Random networks of every combination, and the same in torch: the oracle is torch's own autograd and optimizers."""

from hypothesis import strategies as st

from xlfuncs.activations import ACTIVATIONS, LOSSES
from xlfuncs.optimizers import OPTIMIZERS
from xlfuncs.spec import BIASES, Spec

SHARES = ("sigmoid", "softmax")


@st.composite
def specs(draw, most_layers=4, most_units=4):
    """A network in which everything may be anything that goes together."""
    layers = draw(st.integers(1, most_layers))
    loss = draw(st.sampled_from(sorted(LOSSES)))
    outputs = SHARES if loss.endswith("cross-entropy") else sorted(ACTIVATIONS)
    output = draw(st.sampled_from(outputs))
    sizes = [draw(st.integers(1, most_units)) for _ in range(layers + 1)]
    sizes[-1] = max(sizes[-1], 2) if output == "softmax" else sizes[-1]
    hidden = draw(
        st.lists(st.sampled_from(sorted(set(ACTIVATIONS) - {"softmax"})), min_size=layers - 1, max_size=layers - 1)
    )
    bias = draw(st.sampled_from(BIASES))
    return Spec(
        tuple(sizes),
        (*hidden, output),
        loss,
        bias,
        bias != "none" and draw(st.booleans()),
        draw(st.sampled_from(sorted(OPTIMIZERS))),
        draw(st.sampled_from([0.0, 0.01])),
    )


@st.composite
def cases(draw, samples=1, **limits):
    """A spec with numbers: (spec, inputs, targets, weights); inputs and targets a row a sample."""
    spec = draw(specs(**limits))

    def numbers(count, low, high):
        # Not near 0: a ReLU that begins exactly at its corner has two right answers.
        one = st.floats(low, high).filter(lambda x: abs(x) > 1e-3)
        return draw(st.lists(one, min_size=count, max_size=count))

    inputs = [numbers(spec.sizes[0], -1.5, 1.5) for _ in range(samples)]
    targets = [numbers(spec.sizes[-1], 0.01, 0.99) for _ in range(samples)]
    return spec, inputs, targets, numbers(spec.weight_count, -1.2, 1.2)


class InTorch:
    """The same network, written in torch: no line of it is ours."""

    def __init__(self, spec, weights):
        import torch

        self.torch, self.spec = torch, spec
        flat, at, self.layers = torch.tensor(weights, dtype=torch.float64), 0, []
        for (count, biases), units in zip(spec.counts, spec.sizes[1:], strict=True):
            matrix = flat[at : at + count].reshape(units, -1).clone().requires_grad_()
            added = flat[at + count : at + count + biases].clone().requires_grad_(not spec.fixed_bias)
            self.layers.append((matrix, added))
            at += count + biases
        learned = [p for pair in self.layers for p in pair if p.requires_grad and p.numel()]
        self.learned = learned
        self.optimizer = lambda rate: {
            "sgd": lambda: torch.optim.SGD(learned, rate, weight_decay=spec.decay),
            "momentum": lambda: torch.optim.SGD(learned, rate, momentum=0.9, weight_decay=spec.decay),
            "nesterov": lambda: torch.optim.SGD(learned, rate, momentum=0.9, nesterov=True, weight_decay=spec.decay),
            "rmsprop": lambda: torch.optim.RMSprop(learned, rate, weight_decay=spec.decay),
            "adam": lambda: torch.optim.Adam(learned, rate, weight_decay=spec.decay),
        }[spec.optimizer]()

    def loss(self, inputs, targets):
        """E_total of each sample, shape (samples,)."""
        torch = self.torch
        a = torch.tensor(inputs, dtype=torch.float64)
        for (matrix, added), activation in zip(self.layers, self.spec.activations, strict=True):
            o = a @ matrix.T + added if added.numel() else a @ matrix.T
            a = {
                "sigmoid": torch.sigmoid,
                "tanh": torch.tanh,
                "relu": torch.relu,
                "leaky-relu": lambda x: torch.nn.functional.leaky_relu(x, 0.01),
                "identity": lambda x: x,
                "softmax": lambda x: torch.softmax(x, -1),
            }[activation](o)
        t = torch.tensor(targets, dtype=torch.float64)
        each = {
            "half-squared": lambda: 0.5 * (t - a) ** 2,
            "squared": lambda: (t - a) ** 2,
            "mean-squared": lambda: (t - a) ** 2 / t.shape[-1],
            "binary-cross-entropy": lambda: torch.nn.functional.binary_cross_entropy(a, t, reduction="none"),
            "cross-entropy": lambda: -t * torch.log(a),
        }[self.spec.loss]()
        return each.sum(-1)

    def gradients(self, inputs, targets):
        """Of the mean E_total, in the order of the table's columns."""
        self.loss(inputs, targets).mean().backward()
        return self.torch.cat([p.grad.ravel() for p in self.learned]).tolist()
