"""Start values that differ from those of the file's other tables: a slip in one or two places, other data beyond."""

from types import SimpleNamespace

import pytest

from workbook.check.judge.starts import other_starts

NAMES = ("i1", "i2", "w1", "w2", "w3", "w4")
USUAL = dict(zip(NAMES, (0.05, 0.1, 0.15, 0.2, 0.25, 0.3), strict=True))


def judged(network=None, rows=3, **changed):
    """A judged table as far as its start is looked at."""
    table = SimpleNamespace(
        start=USUAL | changed,
        first=2,
        last=1 + rows,
        columns={name: k for k, name in enumerate(NAMES, 1)},
        blueprint=SimpleNamespace(given=list(NAMES)),
        sheet=SimpleNamespace(name="Sheet1"),
    )
    return SimpleNamespace(table=table, network=network)


def named(tables):
    """The variables named of each table."""
    return [finding and [part.variable for part in finding.parts] for finding in other_starts(tables)]


@pytest.mark.parametrize(
    ("tables", "odd"),
    [
        ([judged(), judged(), judged(w1=0.16)], [None, None, ["w1"]]),
        ([judged(), judged(), judged(w1=0.16, w2=0.21)], [None, None, ["w1", "w2"]]),
        ([judged(), judged(), judged(w1=0.16, w2=0.21, w3=0.26)], [None, None, None]),  # other data
        ([judged(), judged(w1=0.16)], [None, None]),  # which of the two?
        ([judged(), judged(w1=0.16), judged(w1=0.17)], [None, None, None]),
        ([judged(), judged(), judged(w1=0.15 + 1e-12)], [None, None, None]),
        ([judged(), judged(), judged("tanh", w1=0.16)], [None, None, None]),
        ([judged(), judged(), judged(rows=0, w1=0.16)], [None, None, None]),
        ([judged(), judged(rows=0), judged(w1=0.16)], [None, None, None]),
    ],
)
def test_which_start_is_odd(tables, odd):
    assert named(tables) == odd


def test_what_is_said():
    (_, _, finding) = other_starts([judged(), judged(), judged(w1=0.16)])
    assert finding.message == "w1 starts at 0.16, in the file's other tables at 0.15."
    assert (finding.parts[0].formula, finding.parts[0].right, finding.range) == ("0.16", "0.15", "C2")
