"""Evaluating: the values of the functions, errors of the sheet, and what is unknown with its reason."""

import numpy as np
import pytest

from workbook.check.meaning.evaluate import SheetError, UnknownError, evaluate, value_or_nan
from workbook.check.read.formula import Node, parse

CELLS = {"A1": 2.0, "A2": 3.0, "A3": 7.0, "B1": np.array([1.0, -1.0])}


def leaf(node):
    """Cells by name; a range as the list of its numbers."""
    if node.kind == "range":
        (top, left), (bottom, right) = (ref.at(1, 1) for ref in node.value)
        places = [f"{chr(64 + c)}{r}" for r in range(top, bottom + 1) for c in range(left, right + 1)]
        return [CELLS[place] for place in places if place in CELLS]
    row, column = node.value.at(1, 1)
    return CELLS.get(f"{chr(64 + column)}{row}")


def result(text):
    return evaluate(parse(text, 1, 1).tree, leaf)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("AVERAGE(A1:A3)", 4.0),
        ("AVERAGE(A1,A2)", 2.5),
        ("AVERAGE(A1:A2,10)", 5.0),
        ("SUM(A1:A3)", 12.0),
        ("PRODUCT(A1:A3)", 42.0),
        ("MAX(A1:A3)-MIN(A1:A3)", 5.0),
        ("SUMSQ(A1,A2)", 13.0),
        ("SUMPRODUCT(A1:A2,A2:A3)", 27.0),
        ("SUMXMY2(A1:A2,A2:A3)", 17.0),
        ("IF(A1>A2,10,20)", 20.0),
        ("IF(A1<A2,10,20)", 10.0),
        ("(A1<2)+10*(A1>2)+100*(A1<=2)+1000*(A1>=2)", 1100.0),
        ("IF(A1<A2,10)", 10.0),
        ("IF(A1>A2,10)", 0.0),
        ('IF(A1="","",A2)', 3.0),
        ('IF(A1<>"",A3,"")', 7.0),
        ("IF(A1=2,A3,VLOOKUP(1,A1:A3,1))", 7.0),
        ("AND(A1=2,A2=3)+OR(A1=3,A2=9)+NOT(A1=3)", 2.0),
        ("IFERROR(A1+1,5)", 3.0),
        ('IFERROR("x"+1,5)', 5.0),
        ("IFERROR(A1/0,5)", 5.0),
        ("ROUND(A1/A2,2)", 0.67),
        ("EXP(LN(A2))", 3.0),
        ("POWER(A1,3)+SQRT(9)+ABS(-1)", 12.0),
        ('"0.5"*4', 2.0),
        ("A1>=2", 1.0),
        ("A1<=1", 0.0),
    ],
)
def test_values(text, value):
    assert result(text) == pytest.approx(value)


def test_if_on_arrays_takes_each_element_of_its_own_branch():
    assert result("IF(B1>0,A1,A2)").tolist() == [2.0, 3.0]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("VLOOKUP(A1,A1:A3,1)", "uses VLOOKUP, which can't be judged"),
        ("A1&A2", "uses the operator &"),
        ('"0,5"*2', "calculates with the text “0,5”"),
        ("Z9+1", "a cell without a number"),
    ],
)
def test_what_is_unknown_says_why(text, reason):
    with pytest.raises(UnknownError, match=reason):
        result(text)
    assert np.isnan(value_or_nan(parse(text, 1, 1).tree, leaf))


@pytest.mark.parametrize(("text", "error"), [('"t1"*2', "#VALUE!"), ("NOSUCH(A1)", "#NAME?"), ("#N/A+1", "#N/A")])
def test_errors_that_the_sheet_shows(text, error):
    with pytest.raises(SheetError, match=error.replace("?", r"\?")):
        result(text)


def test_an_unknown_leaf_gives_its_reason():
    with pytest.raises(UnknownError, match="because"):
        evaluate(Node("op", "+", (Node("number", 1.0), Node("unknown", "because"))), leaf)
