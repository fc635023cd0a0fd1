"""The right table of a network: wirings of weights and biases, against derivatives by autograd."""

import numpy as np
import pytest

from xlfuncs.expected_table import Blueprint, blueprint_of, readings

torch = pytest.importorskip("torch")
LAYERED = (("h1", "b1"), ("h2", "b1"), ("o1", "b2"), ("o2", "b2"))
SHARED = (("h1", "b"), ("h2", "b"), ("o1", "b"), ("o2", "b"))
OWN = (("h1", "b1"), ("h2", "b2"), ("o1", "b3"), ("o2", "b4"))
NAMED = (("h1", "b_h1"), ("h2", "b_h2"), ("o1", "b_o1"), ("o2", "b_o2"))
USUAL = [
    "t1",
    "t2",
    "i1",
    "i2",
    "w1",
    "w2",
    "w3",
    "w4",
    "w5",
    "w6",
    "w7",
    "w8",
    "h1",
    "h2",
    "a_h1",
    "a_h2",
    "o1",
    "o2",
    "a_o1",
    "a_o2",
    "E1",
    "E2",
    "E_total",
]


def by_autograd(blueprint, start, rate, rows):
    """E_total of each row, with weights in the blueprint's numbering."""
    n_in, n_hidden, n_out = blueprint.sizes
    learned = {name: torch.tensor(start[name], dtype=torch.float64, requires_grad=True) for name in blueprint.learned}
    fixed = {name: torch.tensor(value, dtype=torch.float64) for name, value in start.items() if name not in learned}
    biases = dict(blueprint.biases)
    totals = []
    for _ in range(rows):
        values = fixed | learned

        def weight(layer, source, unit, values=values):
            offset, sources, units = (0, n_in, n_hidden) if layer == "h" else (n_in * n_hidden, n_hidden, n_out)
            number = (source - 1) * units + unit if blueprint.by_input else (unit - 1) * sources + source
            return values[f"w{offset + number}"]

        def bias(unit, values=values):
            return values[biases[unit]] if unit in biases else 0.0

        hidden = [
            torch.sigmoid(sum(weight("h", k, j) * values[f"i{k}"] for k in range(1, n_in + 1)) + bias(f"h{j}"))
            for j in range(1, n_hidden + 1)
        ]
        outputs = [
            torch.sigmoid(sum(weight("o", j, m) * a for j, a in enumerate(hidden, 1)) + bias(f"o{m}"))
            for m in range(1, n_out + 1)
        ]
        total = sum(0.5 * (values[f"t{m}"] - a) ** 2 for m, a in enumerate(outputs, 1))
        totals.append(float(total.detach()))
        slopes = torch.autograd.grad(total, list(learned.values()))
        learned = {
            name: (value - rate * slope).detach().requires_grad_()
            for (name, value), slope in zip(learned.items(), slopes, strict=True)
        }
    return totals


@pytest.mark.parametrize("by_input", [False, True])
@pytest.mark.parametrize("fixed", [False, True])
@pytest.mark.parametrize("biases", [(), LAYERED, SHARED, OWN, NAMED, SHARED[:2]])
def test_each_wiring_against_autograd(biases, fixed, by_input):
    blueprint = Blueprint((2, 2, 2), biases, by_input, fixed)
    start = {name: 0.1 * k for k, name in enumerate(blueprint.given, 1)}
    table = blueprint.simulate(start, 0.7, 6)
    assert table["E_total"] == pytest.approx(by_autograd(blueprint, start, 0.7, 6), rel=1e-12)


def test_other_sizes_numbered_by_input():
    blueprint = Blueprint((3, 2, 1), (), by_input=True)
    start = {name: 0.1 * k for k, name in enumerate(blueprint.given, 1)}
    expected = by_autograd(blueprint, start, 1.3, 4)
    assert blueprint.simulate(start, 1.3, 4)["E_total"] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("columns", "biases"),
    [
        (["b1", "b2"], LAYERED),
        (["b1", "b2", "b3", "b4"], OWN),
        (["b"], SHARED),
        (["b1"], (("h1", "b1"), ("h2", "b1"))),
        (["b_h1", "b_h2", "b_o1", "b_o2"], NAMED),
        (["b_h2"], (("h2", "b_h2"),)),
        (["b_h", "b_o"], (("h1", "b_h"), ("h2", "b_h"), ("o1", "b_o"), ("o2", "b_o"))),
        ([], ()),
    ],
)
def test_which_unit_has_which_bias(columns, biases):
    assert blueprint_of([*USUAL, *columns]).biases == biases


def test_what_the_same_columns_can_mean_too():
    one = blueprint_of([*USUAL, "b1"])
    wirings = {other.biases for other in readings(one)}
    assert tuple((unit, "b1") for unit in ("h1", "h2", "o1", "o2")) in wirings
    assert {other.by_input for other in readings(one)} == {False, True}
    assert one not in readings(one)
    assert [other.by_input for other in readings(blueprint_of(USUAL))] == [True]
    hidden_only = tuple((f"h{k}", f"b{k}") for k in (1, 2))
    assert hidden_only in {other.biases for other in readings(blueprint_of([*USUAL, "b1", "b2"]))}


def test_fixed_biases_are_constants():
    blueprint = Blueprint((2, 2, 2), LAYERED, fixed_biases=True)
    assert {"b1", "b2"} <= blueprint.constants and not {"b1", "b2"} & set(blueprint.learned)
    assert "grad_b1" not in blueprint.formulas
    table = blueprint.simulate(dict.fromkeys(blueprint.given, 0.3), 0.5, 3)
    assert np.ptp(table["b1"]) == 0 and np.ptp(table["w1"]) > 0


def test_the_inputs_are_counted_from_the_weights():
    """Inputs may stand in a parameter block instead of in columns."""
    columns = [*(f"w{k}" for k in range(1, 16)), "h1", "h2", "h3", "o1", "o2"]
    assert blueprint_of(columns).sizes == (3, 3, 2)
