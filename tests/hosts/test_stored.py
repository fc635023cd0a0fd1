"""From a readable LAMBDA to its stored form; the forms are those of files that Excel saved."""

import pytest

from workbook.hosts import lambdas
from workbook.hosts.lambdas_stored import MAX_STORED, stored
from xlfuncs.function_table import FUNCTIONS, TABLE


@pytest.mark.parametrize(
    ("source", "form"),
    [
        # Excel's own (probe files of lerzegov/xln): bound names, also where they are called
        ("LAMBDA(x, x+1)", "_xlfn.LAMBDA(_xlpm.x,_xlpm.x+1)"),
        ("LET(f, LAMBDA(x, x+1), f(2))", "_xlfn.LET(_xlpm.f,_xlfn.LAMBDA(_xlpm.x,_xlpm.x+1),_xlpm.f(2))"),
        # an optional parameter is declared without brackets
        (
            "LAMBDA(item, [more], IF(ISOMITTED(more), item, more))",
            "_xlfn.LAMBDA(_xlpm.item,_xlop.more,IF(_xlfn.ISOMITTED(_xlpm.more),_xlpm.item,_xlpm.more))",
        ),
        (
            "LAMBDA(cells, FILTER(cells, cells>1))",
            "_xlfn.LAMBDA(_xlpm.cells,_xlfn._xlws.FILTER(_xlpm.cells,_xlpm.cells>1))",
        ),
        # texts stay as they are, comments go
        (
            '# a comment with LET(\nLAMBDA(word, word&" LET(x, ""y"") MAP ")',
            '_xlfn.LAMBDA(_xlpm.word,_xlpm.word&" LET(x, ""y"") MAP ")',
        ),
        ("LAMBDA(item, MMULT(item, {1,2;3,4}))", "_xlfn.LAMBDA(_xlpm.item,MMULT(_xlpm.item,{1,2;3,4}))"),
    ],
)
def test_form(source, form):
    assert stored(source) == form


@pytest.mark.parametrize(
    ("source", "taken"),
    [
        ("LAMBDA(item, other)", ()),  # not bound
        ("LAMBDA(odd, odd)", ()),  # a function's name
        ("LAMBDA(delta, delta)", ()),
        ("LET(w1, 1, w1)", ()),  # a cell's
        ("LAMBDA(r, r)", ()),
        ("LAMBDA(inputs, inputs)", ("inputs",)),  # a range's
        ("LAMBDA(item, NOSUCH(item))", ()),
        ("LAMBDA(item, item$1)", ()),
        (f'LAMBDA(item, item&"{"x" * 256}")', ()),  # a text of a formula has at most 255 characters
        (f"LAMBDA(item, {'+'.join(['item'] * 2000)})", ()),  # too long
    ],
)
def test_what_excel_would_read_differently_is_refused(source, taken):
    with pytest.raises(ValueError):
        stored(source, (), taken)


def test_names_are_as_excel_allows():
    for name in lambdas.names():
        assert len(name.formula) <= MAX_STORED
        assert len(name.comment) <= lambdas.MAX_COMMENT
        assert name.formula.startswith("_xlfn.LAMBDA(")
        assert "[" not in name.formula.replace("[", "", name.formula.count('"[')) or '"' in name.formula


def test_every_function_of_the_table_but_pythons():
    assert lambdas.functions() == [f.name for f in TABLE if f.name not in lambdas.PYTHON_ONLY]
    for name in lambdas.names():
        assert name.comment == (FUNCTIONS[name.name].help if name.name in FUNCTIONS else "")
        assert name.hidden == (name.name not in FUNCTIONS)


@pytest.mark.parametrize("name", lambdas.functions())
def test_parameters_are_the_tables(name):
    declared = lambdas.SOURCES[name].strip().removeprefix("LAMBDA(").split(",")
    wanted = []
    for argument in FUNCTIONS[name].arguments:
        bound = argument.name + "_" * (argument.name in lambdas.TAKEN)
        wanted.append(f"[{bound}]" if argument.optional else bound)
    assert [part.strip() for part in declared[: len(wanted)]] == wanted
