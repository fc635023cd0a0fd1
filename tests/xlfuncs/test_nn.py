"""The NN_ functions: published numbers, the BP_ functions, torch through ranges, and sentences."""

import pytest

import xlfuncs
from xlfuncs import limits
from xlfuncs.errors import GradsheetError
from xlfuncs.network import DEFAULT
from xlfuncs.spec import Spec

INPUTS, TARGETS = [0.05, 0.1], [0.5, 0.5]
WEIGHTS = [0.15, 0.2, 0.25, 0.3, 0.4, 0.45, 0.5, 0.55]
HALVES = WEIGHTS[:4], WEIGHTS[4:]
MAZUR = "2-2-2 bias=layer fixed-bias"
MAZURS_WEIGHTS = [0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6]
XOR = [[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]]
XOR_NETWORK = "2-2-1 tanh sigmoid binary-cross-entropy bias=unit"
XOR_WEIGHTS = [0.5, -0.4, 0.3, 0.8, 0.1, -0.2, 0.7, -0.6, 0.05]


def test_for_the_exercise_they_are_the_bp_functions():
    assert xlfuncs.NN_FORWARD(INPUTS, WEIGHTS, "2-2-2") == xlfuncs.BP_FORWARD(INPUTS, *HALVES)
    assert xlfuncs.NN_GRAD(INPUTS, TARGETS, WEIGHTS, "2-2-2") == xlfuncs.BP_GRAD(INPUTS, TARGETS, *HALVES)
    assert xlfuncs.NN_TABLE(INPUTS, TARGETS, WEIGHTS, "2-2-2", 0.1) == xlfuncs.BP_TABLE(INPUTS, TARGETS, *HALVES, 0.1)
    assert xlfuncs.NN_EXPLAIN(INPUTS, TARGETS, WEIGHTS, "2-2-2", "w1") == xlfuncs.BP_EXPLAIN(
        INPUTS, TARGETS, *HALVES, 1
    )


def test_mazurs_published_numbers():
    """https://mattmazur.com/2015/03/17/a-step-by-step-backpropagation-example/ as he printed them.

    His E_total after one step, 0.291027924, is not that of the weights he prints (0.291027774); after 10,000 steps he
    has 0.000035.
    """
    ranges = INPUTS, [0.01, 0.99]
    forward = xlfuncs.NN_FORWARD(INPUTS, MAZURS_WEIGHTS, MAZUR)[0]
    assert [forward[5], forward[7]] == pytest.approx([0.75136507, 0.772928465], rel=1e-8)
    assert xlfuncs.NN_LOSS(*ranges, MAZURS_WEIGHTS, MAZUR)[0][-1] == pytest.approx(0.298371109, rel=1e-8)
    after = xlfuncs.NN_UPDATE(*ranges, MAZURS_WEIGHTS, MAZUR, 0.5)[0]
    published = [0.149780716, 0.19956143, 0.24975114, 0.29950229, 0.35]
    published += [0.35891648, 0.408666186, 0.511301270, 0.561370121, 0.60]
    assert after == pytest.approx(published, abs=5e-9)
    last = xlfuncs.NN_UPDATE(*ranges, MAZURS_WEIGHTS, MAZUR, 0.5, 10_000)
    assert xlfuncs.NN_LOSS(*ranges, last, MAZUR)[0][-1] == pytest.approx(3.510187783e-05, rel=1e-9)


def test_samples_are_rows():
    gradients = xlfuncs.NN_GRAD(*XOR, XOR_WEIGHTS, XOR_NETWORK)[0]
    each = [xlfuncs.NN_GRAD([x], [t], XOR_WEIGHTS, XOR_NETWORK)[0] for x, t in zip(*XOR, strict=True)]
    assert gradients == pytest.approx([sum(column) / 4 for column in zip(*each, strict=True)], rel=1e-12)
    assert len(xlfuncs.NN_LOSS(*XOR, XOR_WEIGHTS, XOR_NETWORK)) == 4
    assert xlfuncs.NN_GRADCHECK(*XOR, XOR_WEIGHTS, XOR_NETWORK)[0][0] < 1e-9


def test_a_table_with_samples_has_a_block_an_iteration():
    header, *rows = xlfuncs.NN_TABLE(*XOR, XOR_WEIGHTS, f"{XOR_NETWORK} adam", 0.05, 10)
    assert len(rows) == 40 and header[-1] == "v_b3" and header[:4] == ["Iteration", "t1", "i1", "i2"]
    assert [row[:4] for row in rows[4:8]] == [[2.0, *t, *x] for x, t in zip(*XOR, strict=True)]
    online = xlfuncs.NN_TABLE(*XOR, XOR_WEIGHTS, f"{XOR_NETWORK} batch=1", 0.05, 6, False)
    assert [row[1:4] for row in online] == [[*XOR[1][k % 4], *XOR[0][k % 4]] for k in range(6)]
    pairs = xlfuncs.NN_TABLE(*XOR, XOR_WEIGHTS, f"{XOR_NETWORK} batch=3", 0.05, 2, False)
    assert [row[2:4] for row in pairs] == [XOR[0][k % 4] for k in range(6)]


def test_one_gradient_and_an_explanation_by_name():
    assert (
        xlfuncs.NN_GRAD(*XOR, XOR_WEIGHTS, XOR_NETWORK, "b3")[0]
        == xlfuncs.NN_GRAD(*XOR, XOR_WEIGHTS, XOR_NETWORK)[0][-1:]
    )
    assert (
        xlfuncs.NN_GRAD(*XOR, XOR_WEIGHTS, XOR_NETWORK, 5)[0]
        == xlfuncs.NN_GRAD(*XOR, XOR_WEIGHTS, XOR_NETWORK, "W5")[0]
    )
    lines = xlfuncs.NN_EXPLAIN(*XOR, XOR_WEIGHTS, XOR_NETWORK, "b1")
    assert lines[-1][:2] == ["∂E/∂b1", "(a_o1 − t1)·w5·(1 − a_h1²)"] or lines[-1][1] == "(a_o1 − t1)·w5·(1 − a_h1²)"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"network": "two layers"}, "The network 'two layers' must begin with its sizes"),
        ({"network": "2-2-1 swish"}, "The network's word 'swish' isn't known; use sigmoid, tanh"),
        ({"network": "2-2-1 softmax sigmoid"}, "softmax belongs to the last layer"),
        ({"network": "2-2-1 sigmoid softmax"}, "softmax over one output is always 1"),
        ({"network": "2-2-1 identity cross-entropy"}, "cross-entropy needs outputs between 0 and 1"),
        ({"network": "2-2-1 fixed-bias"}, "fixed-bias needs biases"),
        ({"network": "2-2-1 adam sgd"}, "names its optimizer twice"),
        ({"network": "2-0-1"}, "a layer of 0 units"),
        ({"network": "2-2-1 tanh tanh tanh"}, "3 activations are named for 2 layers"),
        ({"network": None}, "network must be a text"),
        ({"network": -2146826281}, "holds the error #DIV/0!"),
        ({"network": "900-900-900"}, "at most"),
        ({"weights": [1, 2, 3]}, "weights has 3 numbers; 2-2-1 tanh sigmoid binary-cross-entropy bias=unit needs 9."),
        ({"targets": [[0], [1]]}, "inputs has 4 samples (rows) and targets 2"),
        ({"inputs": [[1, 2, 3]]}, "the network has 2 inputs"),
        ({"weight": "b9"}, "weight is b9; this network has w1 to w6 and b1 to b3."),
        ({"weight": "w"}, "weight is w; this network"),
    ],
)
def test_what_does_not_fit_gets_a_sentence(change, sentence):
    arguments = {"inputs": XOR[0], "targets": XOR[1], "weights": XOR_WEIGHTS, "network": XOR_NETWORK} | change
    with pytest.raises(GradsheetError) as error:
        xlfuncs.NN_GRAD(**arguments)
    assert sentence in str(error.value)


def test_long_trainings_are_refused():
    with pytest.raises(GradsheetError, match=r"iterations is 1,000,000, and at most"):
        xlfuncs.NN_TABLE(INPUTS, TARGETS, WEIGHTS, "2-2-2", 0.1, 1_000_000)


def test_a_block_has_as_many_rows_as_samples(monkeypatch):
    """Work and rows of a table are counted with them, and its header is a row."""
    many = [[0.1]] * 1000
    with pytest.raises(GradsheetError, match=r"iterations is 400, and at most 302 are computed at a time"):
        xlfuncs.NN_TABLE(many, many, [0.1], "1-1 identity", 0.1, 400, False)
    monkeypatch.setattr(limits, "MAX_ROWS", 8)
    assert len(xlfuncs.NN_TABLE(*XOR, XOR_WEIGHTS, XOR_NETWORK, 0.1, 2, False)) == 8
    with pytest.raises(GradsheetError, match="The result has 9 rows and a sheet 8; ask for fewer iterations"):
        xlfuncs.NN_TABLE(*XOR, XOR_WEIGHTS, XOR_NETWORK, 0.1, 2, True)


@pytest.mark.parametrize(
    "text",
    [
        "2-2-2",
        "2-3-2 tanh softmax cross-entropy bias=unit adam",
        "4-3-3-2 relu tanh softmax",
        "2-1 binary-cross-entropy",
        "3-3-3-3 tanh sigmoid squared bias=layer fixed-bias nesterov decay=0.001 batch=7",
    ],
)
def test_a_network_is_written_as_it_is_read(text):
    assert str(Spec.parse(text)) == text
    assert str(Spec.parse(text.upper().replace("-", "-"))) == text


@pytest.mark.parametrize("decay", ["0.123456789", "1e-05", "1e+99", "1"])
def test_decay_is_written_to_its_last_digit(decay):
    """Start shows the line, and --network builds the same workbook from it."""
    assert str(Spec.parse(f"2-2-2 decay={decay}")) == f"2-2-2 decay={decay}"
    assert Spec.parse(str(Spec.parse(f"2-2-2 decay={decay}"))).decay == float(decay)


@pytest.mark.parametrize("line", ["1-" * 16_000 + "0", "1-" * 16_000 + "1"])
def test_a_line_that_fills_a_cell_gets_a_sentence_that_fits_into_one(line):
    with pytest.raises(GradsheetError) as error:
        Spec.parse(line).network([1.0, 2.0], [1.0], [1.0])
    assert len(str(error.value)) < 200


def test_the_exercise_is_its_own_line():
    spec = Spec.parse("2-2-2")
    assert spec.network(INPUTS, TARGETS, WEIGHTS) == DEFAULT


def test_a_derivation_that_divides_by_0_is_a_sentence():
    # a_o1 is exactly 1: its error is 0 and its gradient is right, but not by way of (1 - t1)/(1 - a_o1).
    values = [1.0, 1.0], [1.0], [50.0, 50.0], "2-1 binary-cross-entropy"
    assert xlfuncs.NN_GRAD(*values) == [[0.0, 0.0]]
    with pytest.raises(GradsheetError, match="divides by 0"):
        xlfuncs.NN_EXPLAIN(*values, "w1")


@pytest.mark.parametrize("decay", ["0.123456789", "1234567.5", "1e-05", "1e20"])
def test_the_line_keeps_every_digit_of_the_decay(decay):
    spec = Spec.parse(f"2-2-2 decay={decay}")
    assert spec.decay == float(decay)
    assert Spec.parse(str(spec)) == spec
