"""The plan for the epochs' rows, against whatever may stand there."""

from hypothesis import given, settings
from hypothesis import strategies as st

from workbook.live.epoch_rows import plan, without_epochs

BLANK = [None, None, None]
EPOCHS = 6


def row(epoch):
    return [float(epoch), epoch / 10, epoch / 7]


def carried_out(cells, changes):
    after = [*map(list, cells), *[BLANK] * (1 + max(changes, default=0))]
    for place, values in changes.items():
        after[place] = values or BLANK
    while after and after[-1] == BLANK:
        after.pop()
    return after


OURS = st.integers(1, EPOCHS + 2).map(row)
DAMAGED = st.integers(1, EPOCHS).map(lambda epoch: [float(epoch), "typed", None])
THEIRS = st.sampled_from(
    [["note", 1.0, None], [None, "note", None], [2.5, 1.0, 1.0], [-3.0, 0.0, 0.0], [True, 1.0, 2.0]]
)
CELLS = st.lists(st.one_of(OURS, DAMAGED, THEIRS, st.just(BLANK)), max_size=14)


@settings(max_examples=500, deadline=None)
@given(CELLS, st.integers(0, EPOCHS), st.integers(0, 14))
def test_every_epoch_once_and_nothing_of_somebodys_touched(cells, epochs, framed):
    wanted = [row(k) for k in range(1, epochs + 1)]
    changes = plan(cells, wanted, framed)
    after = carried_out(cells, changes)
    theirs = [
        (place, r)
        for place, r in enumerate(cells)
        if r != BLANK and not (r[0] in range(1, EPOCHS + 3) and r[0] is not True)
    ]
    assert all(after[place] == r for place, r in theirs)
    assert all(sum(r == w for r in after[: max(framed, 0)]) <= 1 for w in wanted)
    assert all(w in after for w in wanted)
    assert not any(r[0] == k for k in range(epochs + 1, EPOCHS + 3) for r in after[:framed] if r[1:] == row(k)[1:])
    copies = [(p, r) for p, r in enumerate(cells) if p >= framed and r in wanted and cells.index(r) < p]
    assert all(after[place] == r for place, r in copies)  # outside of the table: somebody's
    assert plan(after, wanted, framed) == {}


@settings(max_examples=300, deadline=None)
@given(st.permutations(range(1, EPOCHS + 1)), st.sets(st.integers(0, EPOCHS - 1)))
def test_epochs_stay_where_they_stand_or_in_order(order, deleted):
    cells = [row(epoch) for place, epoch in enumerate(order) if place not in deleted]
    wanted = [row(k) for k in range(1, EPOCHS + 1)]
    changes = plan(cells, wanted, EPOCHS)
    after = carried_out(cells, changes)
    if cells == sorted(cells):
        assert after == wanted
    else:
        assert after[: len(cells)] == cells


@given(CELLS, st.integers(0, 14))
def test_a_new_run_takes_the_tables_epochs_away_only(cells, framed):
    after = carried_out(cells, without_epochs(cells, framed))
    assert not any(r[0] in range(1, EPOCHS + 3) and r[0] is not True for r in after[:framed])
    assert all(a == b for a, b in zip(after[framed:], cells[framed:], strict=False))
