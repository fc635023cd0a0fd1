"""Networks with a story: each with its own data, start weights, learning rates and length. One more is one entry."""

from collections.abc import Callable
from dataclasses import dataclass

from workbook.sample_data import Rows
from xlfuncs.errors import INSTALL, MissingPackageError
from xlfuncs.network import DEFAULT, ITERATIONS, LEARNING_RATES
from xlfuncs.spec import Spec

FLOWERS = 5  # of each kind: a table with all 150 would be a file of 40 MB


@dataclass(frozen=True)
class Preset:
    """`line` is the network, `data` gives inputs and targets, a row a sample; `weights` stand in the order of the
    columns, biases behind each layer's. `about` is for the command's help, `story` for the sheet Start."""

    line: str
    data: Callable[[], tuple[Rows, Rows]]
    weights: tuple[float, ...]
    learning_rates: tuple[float, ...]
    iterations: int
    about: str
    story: str = ""

    @property
    def spec(self) -> Spec:
        """The network without its numbers."""
        return Spec.parse(self.line)


def _truth_table(*targets: float) -> Callable[[], tuple[Rows, Rows]]:
    """Two inputs that are 0 or 1, and the target of each pair."""
    inputs = ((0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0))
    return lambda: (inputs, tuple((target,) for target in targets))


def _one(inputs: tuple[float, ...], targets: tuple[float, ...]) -> Callable[[], tuple[Rows, Rows]]:
    return lambda: ((inputs,), (targets,))


def _iris() -> tuple[Rows, Rows]:
    """The first flowers of each kind, the kinds in turn: four lengths in cm, and which kind it is."""
    try:
        from sklearn.datasets import load_iris
    except ImportError as error:
        raise MissingPackageError(f"--preset iris needs scikit-learn, which has its data; run {INSTALL}.") from error
    flowers = load_iris()
    chosen = [50 * kind + k for k in range(FLOWERS) for kind in range(3)]
    inputs = tuple(tuple(map(float, flowers.data[k])) for k in chosen)
    return inputs, tuple(tuple(float(kind == flowers.target[k]) for kind in range(3)) for k in chosen)


PRESETS = {
    "exercise": Preset(
        str(Spec.of(DEFAULT)),
        _one(DEFAULT.inputs, DEFAULT.targets),
        tuple(weight.start for weight in DEFAULT.weights),
        LEARNING_RATES,
        ITERATIONS,
        "the 2-2-2 exercise of this project, the default",
    ),
    "mazur": Preset(
        "2-2-2 bias=layer fixed-bias",
        _one((0.05, 0.1), (0.01, 0.99)),
        (0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6),
        (0.5,),
        100,
        "Matt Mazur's step by step example",
        "Matt Mazur's step by step backpropagation example: the units of a layer share one bias, 0.35 and 0.60, which"
        " is not learned. Iteration 1 has the article's E_total, 0.298371109, and iteration 2 its new weights, such "
        "as w5 = 0.35891648.",
    ),
    "xor": Preset(
        "2-2-1 tanh sigmoid binary-cross-entropy bias=unit",
        _truth_table(0.0, 1.0, 1.0, 0.0),
        (-0.1, 0.3, 0.3, -0.7, -1.0, -0.3, -0.5, 0.6, 0.4),
        (0.1, 1.0, 2.0, 5.0),
        150,
        "either input but not both: solved, too slow and stuck",
        "XOR: the output is to be 1 if one of the inputs is 1, but not both. No straight line separates these four "
        "points, so a network without hidden units can't learn it. In 150 iterations ɳ = 1 and ɳ = 2 solve it (sheet "
        "Samples); ɳ = 0.1 is too slow, and ɳ = 5 steps so far that it gets stuck with half of the samples at about "
        "0.5.",
    ),
    "and": Preset(
        "2-1 bias=unit batch=1",
        _truth_table(0.0, 0.0, 0.0, 1.0),
        (0.7, 0.5, -0.2),
        (0.5, 2.0, 10.0, 50.0),
        100,
        "one unit that sees one sample in turn",
        "AND: the output is to be 1 if both inputs are 1, which a single unit can learn. It sees one sample in each "
        "row and learns from it at once, so E_total jumps from row to row; the charts show its mean over the last "
        "four. ɳ = 10 learns fastest; ɳ = 50 steps so far that the unit ends with one answer for every sample.",
    ),
    "regression": Preset(
        "1-1 identity bias=unit",
        lambda: (((0.0,), (1.0,), (2.0,), (3.0,), (4.0,)), ((1.1,), (2.9,), (5.2,), (6.8,), (9.0,))),
        (0.0, 0.0),
        (0.05, 0.1, 0.25, 0.35),
        60,
        "a straight line through five points",
        "A straight line through five points: one unit without activation, o1 = w1·i1 + b1, is linear regression. ɳ ="
        " 0.25 finds the line of least squares, w1 = 1.97 and b1 = 1.06; above ɳ = 0.3 each step overshoots by more "
        "than the one before, and ɳ = 0.35 diverges.",
    ),
    "iris": Preset(
        "4-3-3 tanh softmax cross-entropy bias=unit adam",
        _iris,
        (
            *(-0.4, 0.3, 0.3, -0.2, 0.0, -0.1, 0.2, 0.3, -0.4, -0.5, 0.3, -0.1),  # w1 to w12
            *(0.3, -0.5, -0.1),  # b1 to b3
            *(0.2, -0.3, 0.4, 0.4, -0.5, -0.5, 0.0, 0.4, -0.1),  # w13 to w21
            *(-0.3, -0.1, -0.5),  # b4 to b6
        ),
        (0.01, 0.1, 1.0),
        45,
        "three kinds of flowers told apart by four lengths",
        "Fifteen iris flowers of three kinds (Fisher's data): sepal and petal, length and width in cm. Softmax makes "
        "the three outputs shares of one, and Adam divides each step by the size of the gradients so far. ɳ = 0.1 "
        "tells all fifteen apart within 45 iterations; ɳ = 0.01 is too slow, and ɳ = 1 saturates the hidden units at "
        "once.",
    ),
}
