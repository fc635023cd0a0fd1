"""The network's picture: its edges stay in sight under their labels, read from the drawing's XML."""

import re

import numpy as np
import pytest

from workbook.sheets import network_picture
from workbook.sheets.layout import Layout
from workbook.sheets.rate_table import RateTable
from xlfuncs.spec import Spec

NAMES_ONLY = ["3-4-1", "3-3-2 tanh", "2-3-3-2 tanh softmax", "2-2-2-2-2 relu", "4-5-3"]


def drawn(line):
    """The picture's shapes: (name, left, top, width, height, flipped)."""
    spec = Spec.parse(line)
    network = spec.network([0.1] * spec.sizes[0], [0.5] * spec.sizes[-1], [0.25] * spec.weight_count)
    row = RateTable(0.1, np.full((1, len(network.columns)), 0.25)).first_row(network)
    xml = network_picture.anchor(Layout(network, 1), row)
    shape = re.compile(
        r'<xdr:cNvPr id="\d+" name="([^"]+)"/>.*?<a:xfrm( flipV="1")?><a:off x="(-?\d+)" y="(-?\d+)"/>'
        r'<a:ext cx="(\d+)" cy="(\d+)"/>'
    )
    return [(name, *(int(x) / 9525 for x in place), bool(flip)) for name, flip, *place in shape.findall(xml)]


def hidden_share(line):
    """The share of the edges' length that lies under labels' grounds, by points along each edge."""
    shapes = drawn(line)
    grounds = [shape[1:5] for shape in shapes if shape[0].startswith("ground w")]
    hidden = count = 0
    for name, x, y, width, height, flipped in shapes:
        if not name.startswith("edge"):
            continue
        for k in np.linspace(0, 1, 200):
            at_x, at_y = x + k * width, y + (1 - k if flipped else k) * height
            count += 1
            hidden += any(a <= at_x <= a + w and b <= at_y <= b + h for a, b, w, h in grounds)
    return hidden / count


@pytest.mark.parametrize("line", NAMES_ONLY)
def test_labels_of_dense_layers_leave_the_edges_in_sight(line):
    assert 0 < hidden_share(line) < 0.3


def test_few_edges_have_their_numbers():
    """The exercise's, and those into a single output; of dense layers the names alone."""
    linked = {name for name, *_ in drawn("2-2-2")}
    assert {f"w{k}" for k in range(1, 9)} <= linked
    names = [name for name, *_ in drawn("3-4-1")]
    assert [k for k in range(1, 17) if f"w{k}" in names] == [13, 14, 15, 16]
    assert [k for k in range(1, 17) if f"name w{k}" in names] == list(range(1, 17))


def test_a_large_network_shows_its_edges_alone():
    names = [name for name, *_ in drawn("8-16-4")]
    assert sum(name.startswith("edge") for name in names) == 8 * 16 + 16 * 4
    assert not any(name.startswith("ground") for name in names)
