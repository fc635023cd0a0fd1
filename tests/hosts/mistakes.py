"""Calls with wrong ranges and lines: what a person does by mistake, one sentence each."""

from tests.hosts.calls import Call
from tests.hosts.networks import OF_2_2_2

I, T, H, O, W = OF_2_2_2  # noqa: E741
LINES = [
    "", " ", "tanh", "2", "2-", "2--2", "a-b", "2-0-2", "2-2-2000000", "0002-2-2", "2-2-2,tanh", "2-2-2 Tanh SIGMOID",
    "2-2-2 tan", "2-2-2 tan*", "2-2-2 sigmoid sigmoid sigmoid", "2-2 tanh tanh", "2-2-2-2 tanh tanh tanh tanh",
    "2-2-2 adam adam", "2-2-2 adam sgd", "2-2-2 squared mean-squared", "2-2-2 bias=unit bias=layer", "2-2-2 bias=each",
    "2-2-2 bias=", "2-2-2 fixed-bias", "2-2-2 fixed-bias=1", "2-2-2 bias=unit fixed-bias fixed-bias", "2-2-2 decay=",
    "2-2-2 decay=x", "2-2-2 decay=1.", "2-2-2 decay=-1", "2-2-2 decay=1e", "2-2-2 decay=1e-100", "2-2-2 decay=1.2.3",
    "2-2-2 decay=.5 decay=.5", "2-2-2 batch=0", "2-2-2 batch=12345678", "2-2-2 batch=1.5", "2-2-2 batch=-1",
    "2-2-2 softmax tanh", "2-2-2 softmax", "2-2-1 tanh softmax", "2-2-2 tanh cross-entropy",
    "2-2-2 relu identity binary-cross-entropy", "2-2-2 " + "x" * 60, "3-2-2", "2-2-2 bias=unit", "2-3-4-5-6-2 adam",
    "2-2-2 decay=0.5 bias=layer", "2-2-2 tanh decay=1e-5 bias=layer batch=3 fixed-bias relu momentum squared",
    "2-2-2-2-2-2-2-2-2-2-2-2-2-2-2-2-2-2-2-2-2-2-2-2-2-2-2-2-2-2-2-2-2-2-2-2-2-2-2-2-2-2-2-2-2-2-2-2 tanh",
    5.0, True, None, "#N/A",
]  # fmt: skip
"""What may stand in a network's cell; None is a blank one."""
BAD = [None, "", "0.5", "word", "w" * 50, True, False, "#DIV/0!", "#N/A"]
"""What may stand where a number should."""
WHICH = [0, 9, 1.5, -3, "w9", "b1", "W5", " w5 ", "5", "x", "w" * 30, True, "#N/A", 1e20]
"""What may be named as a weight."""
COUNTS = [0, -1, 1.5, "x", True, "#N/A", [[1, 2]], 1048577]


def bad_cells() -> list[Call]:
    """Each kind of cell in each place of each kind of range."""
    calls: list[Call] = []
    for bad in BAD:
        holed = [[0.05, bad]]
        calls += [
            ("BP_FORWARD", (holed, H, O)),
            ("BP_GRAD", (I, [[bad], [0.5]], H, O)),
            ("BP_GRAD", (I, T, [[0.1, 0.2], [bad, 0.3]], O)),
            ("BP_TABLE", (I, T, H, [[0.1, 0.2, 0.3, bad]], 0.5, 2)),
            ("BP_TABLE", (I, T, H, O, [[bad]], 2)),
            ("BP_SIGMOID", ([[1.0, 2.0], [bad, 3.0]],)),
            ("BP_SIGMOID", ([[bad]],)),
            ("BP_ERROR", (holed, T)),
            ("BP_UPDATE", (I, holed, 0.1)),
            ("BP_SWEEP", (I, T, H, O, holed, 2)),
            ("NN_LOSS", (holed, T, W, "2-2-2")),
            ("NN_LOSS", ([[0.1, 0.2], [0.3, bad]], [[0.1, 0.2], [0.3, 0.1]], W, "2-2-2")),
            ("NN_GRAD", (I, holed, W, "2-2-2")),
            ("NN_FORWARD", (I, [[*W[0][:7], bad]], "2-2-2")),
        ]
    return calls


def bad_shapes() -> list[Call]:
    """Ranges of a wrong size, wrong counts and flags."""
    three, matrix = [[0.1, 0.2, 0.3]], [[0.1, 0.2], [0.3, 0.4]]
    calls: list[Call] = [
        ("BP_FORWARD", (matrix, H, O)),
        ("BP_FORWARD", (three, H, O)),
        ("BP_FORWARD", (three, matrix, O)),
        ("BP_FORWARD", (I, H, three)),
        ("BP_GRAD", (I, T, H, [[0.1, 0.2, 0.3], [0.1, 0.2, 0.3]])),
        ("BP_GRAD", (I, three, H, O)),
        ("BP_GRAD", (I, [[0.5]], H, O)),
        ("BP_GRAD", (I, matrix, H, O)),
        ("BP_ERROR", (T, three)),
        ("BP_ERROR", (matrix, T)),
        ("BP_UPDATE", (matrix, three, 0.1)),
        ("BP_UPDATE", (matrix, matrix, I)),
        ("BP_SWEEP", (I, T, H, O, matrix, 2)),
        ("BP_TABLE", (I, T, H, O, 0.5, 2, "yes")),
        ("BP_TABLE", (I, T, H, O, 0.5, 2, 2.0)),
        ("BP_TABLE", (I, T, H, O, 0.5, 2, I)),
        ("BP_TABLE", (I, T, H, O, 0.5, 2, "#N/A")),
        ("NN_LOSS", (three, T, W, "2-2-2")),
        ("NN_LOSS", (I, three, W, "2-2-2")),
        ("NN_LOSS", (matrix, T, W, "2-2-2")),
        ("NN_LOSS", ([[0.1], [0.2]], [[0.5], [0.5]], W, "2-2-2")),
        ("NN_LOSS", (I, T, [[0.1]], "2-2-2")),
        ("NN_LOSS", (I, T, matrix, "2-2-2")),
        ("NN_GRAD", (I, T, [[*W[0], 0.1]], "2-2-2")),
        ("NN_TABLE", (I, T, W, "2-2-2", 0.1, 2, "yes")),
        ("BP_GRAD", ([[1e200, 1e200]], T, [[1e200, -1e200, 1e200, 1.0]], O)),
        ("BP_UPDATE", ([[1e300]], [[-1e300]], 1e300)),
    ]
    for count in COUNTS:
        calls += [("BP_TABLE", (I, T, H, O, 0.5, count)), ("NN_UPDATE", (I, T, W, "2-2-2", 0.5, count))]
        calls += [("BP_SWEEP", (I, T, H, O, 0.5, count)), ("NN_TABLE", (I, T, W, "2-2-2", 0.5, count))]
    return calls


def bad_names() -> list[Call]:
    """Weights that there aren't, and lines that don't fit."""
    biased = [[*W[0], 0.1, 0.2, 0.3, 0.4]]
    calls: list[Call] = []
    for which in WHICH:
        calls += [("BP_GRAD", (I, T, H, O, which)), ("BP_EXPLAIN", (I, T, H, O, which))]
        calls += [("NN_GRAD", (I, T, biased, "2-2-2 bias=unit", which))]
    calls += [
        ("NN_GRAD", (I, T, biased, "2-2-2 bias=unit fixed-bias", "b1")),
        ("NN_GRAD", (I, T, W, "2-2-2", [[None]])),
    ]
    return [*calls, *(("NN_GRAD", (I, T, W, [[line]])) for line in LINES)]
