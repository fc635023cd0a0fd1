"""Any network against torch: gradients, and whole tables with every optimizer."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from tests.xlfuncs import matrix_maths
from tests.xlfuncs.any_network import InTorch, cases
from xlfuncs import explain, maths
from xlfuncs.network import DEFAULT, LEARNING_RATES, Network
from xlfuncs.spec import Spec
from xlfuncs.training import Training, table, tables

pytest.importorskip("torch", reason="torch is not installed")

RELATIVE = 1e-12
QUIET = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}


def trained(spec, inputs, targets, weights, batch=0):
    network = spec.network(inputs[0], targets[0], weights)
    return Training(network, np.array(inputs), np.array(targets), batch)


@settings(max_examples=100, **QUIET)
@given(cases(samples=3))
def test_mean_gradients_are_those_of_autograd(case):
    spec, inputs, targets, weights = case
    ours = trained(*case).mean_gradients()
    theirs = np.array(InTorch(spec, weights).gradients(inputs, targets))
    # A gradient that cancels to nearly 0 has no digits of its own: the sizes of E and the weights set the scale.
    scale = max(np.abs(theirs).max(), 1e-3)
    assert np.abs(ours - theirs).max() <= RELATIVE * scale


@settings(max_examples=15, **QUIET)
@given(cases(samples=2))
def test_a_table_of_fifty_steps_is_torchs(case):
    fifty_steps_are_torchs(case)


@pytest.mark.slow
@settings(max_examples=1000, **QUIET)
@given(cases(samples=2))
def test_a_thousand_tables_of_fifty_steps_are_torchs(case):
    fifty_steps_are_torchs(case)


def fifty_steps_are_torchs(case):
    spec, inputs, targets, weights = case
    training = trained(*case)
    total = training.network.column_names.index("E_total")
    rows = training.table(0.01, 50)
    ours = rows[:, total].reshape(50, 2)
    theirs = InTorch(spec, weights)
    optimizer = theirs.optimizer(0.01)
    for step in range(50):
        optimizer.zero_grad()
        loss = theirs.loss(inputs, targets)
        np.testing.assert_allclose(ours[step], loss.detach().numpy(), rtol=1e-10, atol=1e-12)
        loss.mean().backward()
        optimizer.step()


@settings(max_examples=40, **QUIET)
@given(cases(samples=3))
def test_one_sample_a_row_in_turn(case):
    spec, inputs, targets, weights = case
    training = trained(*case, batch=1)
    total = training.network.column_names.index("E_total")
    ours = training.table(0.01, 12)[:, total]
    theirs = InTorch(spec, weights)
    optimizer = theirs.optimizer(0.01)
    for step in range(12):
        optimizer.zero_grad()
        loss = theirs.loss(inputs[step % 3 : step % 3 + 1], targets[step % 3 : step % 3 + 1])
        assert ours[step] == pytest.approx(loss.item(), rel=1e-10, abs=1e-12)
        loss.sum().backward()
        optimizer.step()


@settings(max_examples=40, **QUIET)
@given(cases())
def test_the_explained_gradient_is_the_gradient(case):
    spec, inputs, targets, weights = case
    training = trained(*case)
    row = dict(zip(training.network.column_names, training.table(0.0, 1)[0].tolist(), strict=True))
    theirs = dict(zip(training.network.learned, InTorch(spec, weights).gradients(inputs, targets), strict=True))
    scale = max(map(abs, theirs.values()), default=0.0) + 1e-3
    for learned in training.network.learned:
        lines = explain.lines(training.network, learned, row)
        assert lines[0][2] == lines[-1][2] == pytest.approx(theirs[learned], rel=1e-9, abs=RELATIVE * scale)


def test_the_exercise_is_bit_for_bit_the_matrix_maths():
    found = tables(DEFAULT, LEARNING_RATES, 500)
    for rate, ours in zip(LEARNING_RATES, found, strict=True):
        assert (ours == matrix_maths.table(DEFAULT, rate, 500)).all()


@pytest.mark.parametrize("seed", range(12))
def test_any_sizes_are_bit_for_bit_the_matrix_maths(seed):
    random = np.random.default_rng(seed)
    sizes = tuple(int(n) for n in random.integers(1, 21, 3))
    count = sizes[1] * (sizes[0] + sizes[2])
    weights = random.uniform(-1, 1, count) * (750 if seed == 0 else 1)  # far out, σ is e^x
    network = Network.from_flat(sizes, random.uniform(-2, 2, sizes[0]), random.uniform(0, 1, sizes[2]), weights)
    whole = matrix_maths.table(network, 0.7, 30)
    assert (table(network, 0.7, 30) == whole).all()
    at = [k for k, column in enumerate(network.columns) if column.group == "gradient"]
    gradients = maths.gradients(np.array(network.inputs), np.array(network.targets), network.matrices)
    assert (np.concatenate([g.ravel() for g in gradients]) == whole[0, at]).all()
    swept = maths.sweep(network, [0.7, 0.1], 30)[:, 0]
    assert (swept == whole[:, network.column_names.index("E_total")]).all()


@pytest.mark.parametrize(
    "text",
    [
        "2-2-2",
        "3-4-2 tanh softmax cross-entropy bias=unit adam decay=0.01",
        "2-3-3-1 relu",
        "2-2-2 bias=layer fixed-bias momentum",
    ],
)
def test_the_count_of_columns_is_known_without_making_them(text):
    spec = Spec.parse(text)
    network = spec.network([0.1] * spec.sizes[0], [0.5] * spec.sizes[-1], [0.1] * spec.weight_count)
    assert spec.column_count == network.column_count == len(network.columns) == len(set(network.column_names))


def test_a_dead_start_and_a_diverging_rate_are_numbers_or_infinite_never_an_exception():
    spec = Spec.parse("2-2-1 identity squared")
    rows = trained(spec, [[3.0, 4.0]], [[1.0]], [5.0] * 6).table(1000.0, 60)
    assert rows.shape == (60, 24) and not np.isfinite(rows[-1]).all()


@pytest.mark.parametrize("text", ["2-2 softmax binary-cross-entropy", "2-2-2 relu softmax binary-cross-entropy"])
def test_an_output_of_exactly_0_is_infinite_never_an_exception(text):
    spec = Spec.parse(text)
    weights = [1.0] * (spec.weight_count - 4) + [1000.0, 1000.0, -1000.0, -1000.0]
    training = trained(spec, [[1.0, 1.0]], [[0.5, 0.5]], weights)
    assert not np.isfinite(training.table(0.1, 3)).all()
    assert not np.isfinite(training.mean_gradients()).all()
    assert training.weights_after(0.1, 2).shape == (spec.weight_count,)
