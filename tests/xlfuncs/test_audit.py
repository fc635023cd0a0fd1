"""BP_CHECK's arithmetic: right tables in every rounding are right, wrong ones are told, by the module itself."""

import numpy as np
import pytest

from xlfuncs import audit, maths
from xlfuncs.audit import audit_values, estimate_rate
from xlfuncs.errors import GradsheetError
from xlfuncs.expected_table import blueprint_of
from xlfuncs.expression import evaluate
from xlfuncs.network import DEFAULT, Network
from xlfuncs.rounding import rounding

LABELS = [column.label for column in DEFAULT.columns]
AT = {name: k for k, name in enumerate(DEFAULT.column_names)}


def table(rows=20, rate=0.5, decimals=None):
    values = maths.table(DEFAULT, rate, rows)
    return values if decimals is None else values.round(decimals)


def random_network(seed):
    r = np.random.default_rng(seed)
    sizes = tuple(int(k) for k in r.integers(1, 5, 3))
    count = sizes[1] * (sizes[0] + sizes[2])
    return Network.from_flat(sizes, r.uniform(-1, 2, sizes[0]), r.uniform(0, 1, sizes[2]), r.uniform(-3, 3, count))


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("decimals", [4, 6, 8, None])
def test_right_tables_are_right_in_every_rounding(seed, decimals):
    network = random_network(seed)
    rate = (0.1, 0.5, 2.0)[seed % 3]
    values = maths.table(network, rate, 40)
    values = values if decimals is None else values.round(decimals)
    assert audit_values([column.label for column in network.columns], values, rate) == []


def test_a_long_table_that_passes_through_half():
    """Rounded, a_o1 is 0.5 for a while: no chosen number, but what is left of 0.5000004."""
    assert audit_values(LABELS, table(3000, decimals=6)) == []


def test_saturated_units_are_right():
    """Rounded, their activations are 1 in every row."""
    network = Network.of((3.0, 4.0), (0.5, 0.5), ((5.0, 5.0), (4.0, 6.0)), ((0.4, 0.45), (9.0, 9.0)))
    values = maths.table(network, 0.5, 20).round(6)
    assert (values[:, AT["a_h1"]] == 1).all()
    assert audit_values(LABELS, values) == []


def test_numbers_below_excels_smallest_are_0():
    """BP_TABLE's own table where σ is e^-720, as it is and as Excel shows it, which has no such numbers."""
    network = Network.of((1.0, 1.0), (0.5, 0.5), ((-360.0, -360.0), (-400.0, -345.0)), ((0.4, 0.45), (0.5, 0.55)))
    values = maths.table(network, 0.5, 12)
    assert 0 < values[:, AT["a_h1"]].max() < 2.3e-308
    assert audit_values(LABELS, values) == []
    flushed = np.where(np.abs(values) < 2.3e-308, 0.0, values)
    assert (flushed[:, AT["a_h1"]] == 0).all()
    assert audit_values(LABELS, flushed) == []


@pytest.mark.parametrize("name", ["h1", "a_h2", "o1", "a_o2", "E1", "E_total", "grad_w1", "grad_w8", "w3"])
@pytest.mark.parametrize("decimals", [6, None])
def test_the_tolerance_is_a_few_roundings_wide(name, decimals):
    """Rounding explains about one unit of the last place for each neighbour; a number four of them off is wrong."""
    values = table(decimals=decimals)
    unit = 1e-6 if decimals else 2e-9 * np.abs(values[:, AT[name]]).max()
    values[7, AT[name]] += 4 * unit
    found = audit_values(LABELS, values, 0.5)
    (named,) = [f for f in found if f.variable == name]
    assert named.rows[0] == 7 and named.value == values[7, AT[name]] and named.slip is None


def test_what_rounding_explains_is_right():
    values = table(decimals=6)
    values[7, AT["E_total"]] += 1e-6
    assert audit_values(LABELS, values, 0.5) == []


def test_frozen_rows():
    """Rows from 8 on are copies: the weights stay although the gradients aren't 0."""
    values = table()
    values[8:, 1:] = values[7, 1:]
    found = audit_values(LABELS, values)
    assert [f.kind for f in found] == ["frozen rows"]
    assert found[0].rows == tuple(range(8, 20)) and found[0].variable == "w1"
    assert found[0].message.startswith("The weights stop changing from row 9 on although their gradients are not 0")
    values = table()
    values[[5, 9], 1:] = values[[4, 8], 1:]
    (in_rows, *_) = audit_values(LABELS, values)
    assert in_rows.rows == (5, 9) and "in 2 rows" in in_rows.message


def test_weights_that_stay_for_a_reason():
    """Gradients of 1e-8 move no weight that is shown with six digits; gradients of 0 move none at all."""
    small = maths.table(DEFAULT, 1e-5, 20).round(6)
    assert np.ptp(small[:, AT["w1"]]) == 0
    assert audit_values(LABELS, small, 1e-5) == audit_values(LABELS, small) == []
    at_its_target = Network.of((0.0, 0.0), (0.5, 0.5), ((0.1, 0.2), (0.3, 0.4)), ((0.0, 0.0), (0.0, 0.0)))
    assert audit_values(LABELS, maths.table(at_its_target, 0.5, 5)) == []


def test_frozen_rows_need_gradients_clear_of_the_rounding():
    """A gradient of 40 roundings may still move a weight by less than one; at 400 a weight that stays is a copy."""
    for times, frozen in ((40, False), (400, True)):
        values = table(6, rate=0.5, decimals=4)
        for k in range(1, 9):
            values[:, AT[f"w{k}"]] = 0.1234 + k
            values[:, AT[f"grad_w{k}"]] = times * 5e-5
        kinds = {f.kind for f in audit_values(LABELS, values, 0.5)}
        assert ("frozen rows" in kinds) is frozen


def test_frozen_rows_need_steps_that_would_be_seen():
    """A weight that would move by 20 roundings and stays is a copy; a step of 2 roundings may be lost."""
    for rate, frozen in ((0.005, False), (0.05, True)):
        values = table(6, rate=0.5, decimals=4)
        for k in range(1, 9):
            values[:, AT[f"w{k}"]] = 0.1234 + k
            values[:, AT[f"grad_w{k}"]] = 400 * 5e-5
        kinds = {f.kind for f in audit_values(LABELS, values, rate)}
        assert ("frozen rows" in kinds) is frozen


def test_the_learning_rate_is_the_one_that_the_weights_show():
    columns = dict(zip(DEFAULT.column_names, table(20, 0.7).T, strict=True))
    assert estimate_rate(blueprint_of(columns), columns) == pytest.approx(0.7, rel=1e-9)
    assert estimate_rate(blueprint_of(columns), {v: c[:1] for v, c in columns.items()}) is None
    only_weights = {v: c for v, c in columns.items() if not v.startswith("grad_")}
    assert estimate_rate(blueprint_of(columns), only_weights) is None


def test_a_wrong_learning_rate_shows_in_every_weight():
    found = audit_values(LABELS, table(20, 0.5), 0.4)
    assert [f.variable for f in found] == [f"w{k}" for k in range(1, 9)]
    assert all(f.rows == tuple(range(1, 20)) for f in found)
    assert audit_values(LABELS, table(20, 0.5), 0.5) == []


def test_a_changed_constant():
    values = table()
    values[6:, AT["i2"]] = 0.2
    values[4, AT["t1"]] = 0.51
    found = {f.variable: f for f in audit_values(LABELS, values) if f.kind == "changed constant"}
    assert found["i2"].message == "i2 changes in row 7: 0.2 instead of 0.1."
    assert (
        found["t1"].rows == (4, 5)
        and found["t1"].message == "t1 changes in 2 rows, the first row 5: 0.51 instead of 0.5."
    )


@pytest.mark.parametrize(
    ("variable", "used", "belongs"),
    [("h2", "w1", "w3"), ("o1", "w7", "w5"), ("E2", "t2", "t1"), ("grad_w5", "a_h2", "a_h1"), ("a_h1", "h2", "h1")],
)
@pytest.mark.parametrize("decimals", [8, None])
def test_a_slip_is_named(variable, used, belongs, decimals):
    """A column calculated with one exchanged neighbour says which, in a rounded table too."""
    network = Network.of((0.05, 0.1), (0.3, 0.7), ((0.15, 0.2), (0.25, 0.3)), ((0.4, 0.45), (0.5, 0.55)))
    values = maths.table(network, 0.5, 10)
    row = dict(zip(network.column_names, values.T, strict=True))
    belongs_there = {"E2": "t2"}.get(variable, belongs)
    used_there = {"E2": "t1"}.get(variable, used)
    formula = dict(zip(network.column_names, network.columns, strict=True))[variable].formula
    values[:, AT[variable]] = evaluate(formula, row | {belongs_there: row[used_there]})
    values = values if decimals is None else values.round(decimals)
    found = [f for f in audit_values(LABELS, values, 0.5) if f.variable == variable]
    assert [f.slip for f in found] == [(used_there, belongs_there)]
    shown = {"a_h1": "a_h1"}.get(used_there, used_there)
    assert found[0].message.endswith(f" The numbers fit {shown} in place of {belongs_there}.")


def test_two_wrong_numbers_are_no_slip():
    values = table()
    values[3:5, AT["o1"]] = values[3:5, AT["o2"]]
    (found,) = [f for f in audit_values(LABELS, values, 0.5) if f.variable == "o1"]
    assert found.slip is None and found.rows == (3, 4)


def test_the_search_for_slips_ends(monkeypatch):
    values = table()
    values[:, AT["o1"]] = values[:, AT["o2"]] * 1.5
    values[:, AT["h2"]] = values[:, AT["w1"]] * 0.05 + values[:, AT["w4"]] * 0.1
    slips = {f.variable: f.slip for f in audit_values(LABELS, values, 0.5)}
    assert slips["h2"] == ("w1", "w3")
    monkeypatch.setattr(audit, "_TRIES", 1)
    assert {f.variable: f.slip for f in audit_values(LABELS, values, 0.5)}["h2"] is None


def test_a_hole_is_a_wrong_number_only_among_numbers():
    values = table()
    values[5, AT["o2"]] = np.nan
    (found,) = audit_values(LABELS, values)
    assert found.message.startswith("o2 doesn't follow from the numbers beside it in row 6: no number stands there, ")
    values = table()
    values[10:, 5:] = np.nan  # not filled in yet
    assert audit_values(LABELS, values) == []


def test_columns_may_be_missing():
    keep = [k for k, name in enumerate(DEFAULT.column_names) if name not in ("E1", "grad_w3", "iteration", "t2")]
    assert audit_values([LABELS[k] for k in keep], table()[:, keep]) == []


def test_what_is_no_table():
    with pytest.raises(GradsheetError, match="not the header of a backpropagation table"):
        audit_values(["a", "b"], np.zeros((2, 2)))
    with pytest.raises(GradsheetError, match="as many columns of numbers as it has labels"):
        audit_values(LABELS, np.zeros((2, 2)))
    assert audit.audit_columns(blueprint_of(DEFAULT.column_names), {}, None) == []


@pytest.mark.parametrize(
    ("shown", "unit"),
    [
        ([0.149962], [5e-7]),
        ([0.149962, 0.14996], [5e-7, 5e-7]),  # a trailing zero was dropped
        ([1234.5, 1234.25], [0.0, 0.0]),
        ([1.2e-05, 1.23e-05], [5e-8, 5e-8]),
        ([-0.149962, 0.1499], [5e-7, 5e-5]),  # another sign is another width
        ([0.05], [0.0]),  # chosen
        ([0.123456789012345], [0.0]),  # in full
        ([0.0, 0.149962], [5e-7, 5e-7]),
        ([0.5, 0.149962], [5e-7, 5e-7]),  # what is left of 0.500000
        ([0.0, 0.0], [0.0, 0.0]),
        ([np.nan, 0.149962], [5e-7, 5e-7]),
    ],
)
def test_how_far_a_shown_number_may_be_off(shown, unit):
    np.testing.assert_allclose(rounding(np.array(shown)), unit, rtol=1e-12)
