"""Reading formulas: a spreadsheet's precedence, references relative to their cell, the text as the file has it."""

import pytest

from workbook.check.meaning.evaluate import SheetError, UnknownError, evaluate
from workbook.check.read.copied import key_of, own_text, pattern_of
from workbook.check.read.formula import Node, Ref, parse


def result(text):
    """The value of a formula without references."""
    return evaluate(parse(text, 5, 3).tree, lambda node: None)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-2^2", 4.0),  # Excel: the sign binds more tightly than the power
        ("1-2^2", -3.0),
        ("-(2^2)", -4.0),
        ("2^-1", 0.5),
        ("2^3^2", 64.0),  # from left to right
        ("--3", 3.0),
        ("50%", 0.5),
        ("50%*4", 2.0),
        ("2^50%", 2**0.5),
        ("-50%", -0.5),
        ("1-10%-10%", 0.8),
        ("2+3*4-5/2", 11.5),
        ("6/3/2", 1.0),
        ("10-3-2", 5.0),
        ("(1+2)*3", 9.0),
        ("1+2=3", 1.0),
        ("2*3<>6", 0.0),
        ("TRUE+1", 2.0),
        ("IF(1>2,5,)", 0.0),
        ("IF(1>2,,7)", 7.0),
        ("+5", 5.0),
        ("1.5E-3", 0.0015),
    ],
)
def test_precedence(text, value):
    assert result(text) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize("text", ["{1,2}", "A1#", "(1", "1)", "1 2", "", "SUM(1", "=1"])
def test_what_cannot_be_read_is_unknown_and_no_error_of_the_sheet(text):
    with pytest.raises(UnknownError, match="can't be read"):
        result(text)


def test_an_error_written_into_a_formula_is_one():
    with pytest.raises(SheetError, match="#REF!"):
        result("#REF!*2")


def test_copies_have_one_key_and_others_do_not():
    assert key_of("B5*$A$1", 5, 3) == key_of("B9*$A$1", 9, 3)
    assert key_of("B5*$A$1", 5, 3) != key_of("B5*$A$1", 6, 3)
    # A table's column in brackets is no cell, however it is called.
    assert key_of("Net[[#This Row],[h1]]*2", 5, 3) == key_of("Net[[#This Row],[h1]]*2", 6, 3)
    pattern, offsets = pattern_of('B5&"50%"&C$4', 5)
    assert pattern % tuple(9 + offset for offset in offsets) == 'B9&"50%"&C$4'


@pytest.mark.parametrize(
    ("text", "row", "column", "copied"),
    [
        ("B5*$A$1", 9, 3, "B9*$A$1"),
        ("B5*$A$1", 5, 4, "C5*$A$1"),
        (" ( B5 - b4 )", 6, 3, " ( B6 - b5 )"),
        ("'it''s B2'!B5&\"B5\"", 6, 3, "'it''s B2'!B6&\"B5\""),
        ("Net[[#This Row],[h1]]", 9, 9, "Net[[#This Row],[h1]]"),
        ("_xlfn.LET(_xlpm.x,B5,_xlpm.x)", 6, 3, "_xlfn.LET(_xlpm.x,B6,_xlpm.x)"),
        ("A5+1", 5, 2, "#REF!+1"),
        ("B1+1", 4, 3, "#REF!+1"),
    ],
)
def test_the_text_as_it_stands_in_a_copy(text, row, column, copied):
    assert own_text(parse(text, 5, 3), row, column) == copied
    assert own_text(parse(text, 5, 3), 5, 3) == text


@pytest.mark.parametrize(
    ("text", "kind", "asked", "held"),
    [
        ("B3", "ref", "ref", Ref(None, 2, 1, False, False)),
        ("B3", "ref", "ends", (Ref(None, 2, 1, False, False),) * 2),
        ("B3:B4", "range", "ends", (Ref(None, 2, 1, False, False), Ref(None, 3, 1, False, False))),
        ("0.5", "number", "number", 0.5),
        ("-B3", "op", "word", "neg"),
        ("sum(B3)", "call", "word", "SUM"),
    ],
)
def test_a_node_tells_what_it_holds_and_refuses_what_it_does_not(text, kind, asked, held):
    node = parse(text, 1, 1).tree
    assert (node.kind, getattr(node, asked)) == (kind, held)
    for other in {"ref", "number", "word", "variable", "place"} - {asked, kind}:
        with pytest.raises(AssertionError):
            getattr(node, other)


def test_a_leaf_of_a_meaning_tells_what_it_holds():
    assert Node("var", ("w1", -1)).variable == ("w1", -1)
    cell = Node("cell", ("Sheet1", 3, 2, 0.05))
    assert (cell.place, cell.number) == (("Sheet1", 3, 2), 0.05)
    assert Node("empty", ("Sheet1", 3, 2)).place == ("Sheet1", 3, 2)
