"""The maths against torch's autograd in float64 and against central finite differences."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from xlfuncs import maths
from xlfuncs.expression import evaluate
from xlfuncs.network import DEFAULT, Network

torch = pytest.importorskip("torch", reason="torch is not installed")

sizes = st.tuples(st.integers(1, 6), st.integers(1, 7), st.integers(1, 5))


@st.composite
def networks(draw, largest=3.0):
    n_in, n_hidden, n_out = draw(sizes)
    numbers = st.floats(-largest, largest, allow_subnormal=False)
    inputs = draw(arrays(float, n_in, elements=numbers))
    targets = draw(arrays(float, n_out, elements=st.floats(0, 1, allow_subnormal=False)))
    weights = draw(arrays(float, n_hidden * (n_in + n_out), elements=numbers))
    return Network.from_flat((n_in, n_hidden, n_out), inputs, targets, weights)


def autograd(network: Network) -> tuple[list[np.ndarray], np.ndarray]:
    """torch's own gradients and E_total, from a forward pass written in torch."""
    weights = [torch.tensor(layer.weights, dtype=torch.float64, requires_grad=True) for layer in network.layers]
    activation = torch.tensor(network.inputs, dtype=torch.float64)
    for matrix in weights:
        activation = torch.sigmoid(matrix @ activation)
    error = 0.5 * (torch.tensor(network.targets, dtype=torch.float64) - activation) ** 2
    error.sum().backward()
    return [w.grad.numpy() for w in weights], error.detach().numpy()


def assert_close(ours, theirs, relative=1e-12):
    """Relative to the largest: a gradient that cancels to nearly 0 has no digits of its own in float64."""
    scale = max(np.abs(theirs).max(), 1e-300)
    assert np.abs(np.asarray(ours) - theirs).max() <= relative * scale


@settings(max_examples=300, deadline=None)
@given(networks())
def test_gradients_are_those_of_autograd(network):
    ours = maths.gradients(np.array(network.inputs), np.array(network.targets), [x.matrix for x in network.layers])
    theirs, errors = autograd(network)
    for mine, other in zip(ours, theirs, strict=True):
        assert_close(mine, other)
    outputs = maths.forward(np.array(network.inputs), [x.matrix for x in network.layers])[-1][1]
    assert_close(maths.errors(np.array(network.targets), outputs), errors)


def test_every_gradient_of_the_exercise_to_1e_12_each():
    theirs, _ = autograd(DEFAULT)
    ours = maths.gradients(np.array(DEFAULT.inputs), np.array(DEFAULT.targets), [x.matrix for x in DEFAULT.layers])
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-12, atol=0)


@settings(max_examples=100, deadline=None)
@given(networks(largest=2.0))
def test_gradients_agree_with_finite_differences(network):
    def error(flat):
        return autograd_error(network, flat)

    flat = np.concatenate([layer.matrix.ravel() for layer in network.layers])
    ours = np.concatenate(
        [
            g.ravel()
            for g in maths.gradients(network.inputs, np.array(network.targets), [x.matrix for x in network.layers])
        ]
    )
    for k in range(len(flat)):
        shift = np.zeros_like(flat)
        shift[k] = 1e-5
        assert ours[k] == pytest.approx((error(flat + shift) - error(flat - shift)) / 2e-5, abs=1e-9)
    assert maths.gradient_check(network) < 1e-9


def autograd_error(network, flat):
    n_in, n_hidden, n_out = network.sizes
    hidden = torch.tensor(flat[: n_hidden * n_in].reshape(n_hidden, n_in))
    output = torch.tensor(flat[n_hidden * n_in :].reshape(n_out, n_hidden))
    a = torch.sigmoid(output @ torch.sigmoid(hidden @ torch.tensor(network.inputs, dtype=torch.float64)))
    return float((0.5 * (torch.tensor(network.targets, dtype=torch.float64) - a) ** 2).sum())


def torch_training(network, learning_rate, iterations):
    """E_total by iteration, trained with torch's own SGD."""
    weights = [torch.tensor(layer.weights, dtype=torch.float64, requires_grad=True) for layer in network.layers]
    optimizer = torch.optim.SGD(weights, lr=learning_rate)
    inputs = torch.tensor(network.inputs, dtype=torch.float64)
    targets = torch.tensor(network.targets, dtype=torch.float64)
    curve = []
    for _ in range(iterations):
        a = inputs
        for matrix in weights:
            a = torch.sigmoid(matrix @ a)
        error = (0.5 * (targets - a) ** 2).sum()
        curve.append(error.item())
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
    return np.array(curve), [w.detach().numpy() for w in weights]


@pytest.mark.parametrize("shape", [(2, 2, 2), (3, 4, 1), (1, 1, 1), (4, 2, 5)])
def test_training_is_that_of_torch_sgd(shape):
    network = Network.of_sizes(shape)
    rates = [0.1, 0.5, 2.0]
    sweep = maths.sweep(network, rates, 60)
    for k, rate in enumerate(rates):
        curve, _ = torch_training(network, rate, 60)
        np.testing.assert_allclose(sweep[:, k], curve, rtol=1e-11)


def test_the_exercise_has_the_known_errors():
    table = maths.table(DEFAULT, 0.1, 85)
    e_total = table[:, DEFAULT.column_names.index("E_total")]
    assert e_total[0] == pytest.approx(0.0141813779379, rel=1e-12)
    assert e_total[84] == pytest.approx(0.00864403390496, rel=1e-12)


@settings(max_examples=60, deadline=None)
@given(networks(), st.floats(0.01, 5))
def test_every_cell_follows_from_its_formula(network, learning_rate):
    """The column's formula, evaluated by itself, gives the table's number."""
    table = maths.table(network, learning_rate, 4)
    for k, numbers in enumerate(table):
        row = dict(zip(network.column_names, numbers, strict=True)) | {"learning_rate": learning_rate}
        above = dict(zip(network.column_names, table[k - 1], strict=True)) if k else None
        for column in network.columns:
            if k == 0 and column.start is not None:
                assert row[column.name] == column.start
            else:
                expected = evaluate(column.formula, row, above)
                assert row[column.name] == pytest.approx(expected, rel=1e-12, abs=1e-17), column.name


def test_nothing_overflows():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert maths.sigmoid(np.array([1000.0, -1000.0, 0.0])).tolist() == [1.0, 0.0, 0.5]
        network = Network.of((1000.0, -2000.0), (0.0, 1.0), ((5, 7), (-5, -7)), ((1000, 1000), (-1000, 900)))
        assert np.isfinite(maths.table(network, 2.0, 20)).all()


@given(arrays(float, 20, elements=st.floats(-800, 800)))
def test_sigmoid_is_torchs(x):
    np.testing.assert_allclose(maths.sigmoid(x), torch.sigmoid(torch.tensor(x)).numpy(), rtol=1e-14, atol=1e-300)


def test_names_go_on():
    network = Network.of_sizes((3, 4, 2))
    assert network.weights[-1].name == "w20"
    assert [w.name for w in network.weights if w.target == "o2"] == ["w17", "w18", "w19", "w20"]
    assert len(network.columns) == 1 + 2 + 3 + 12 + 8 + 8 + 4 + 2 + 1 + 20
    assert Network.of_sizes((2, 2, 2)) is DEFAULT
