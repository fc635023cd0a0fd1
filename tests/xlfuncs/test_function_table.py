"""The one function table, and what is made from it: names, signatures, help, defaults, the README."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import xlfuncs
from xlfuncs import functions, nn, readme_table
from xlfuncs.function_table import FUNCTIONS, TABLE

README = Path(__file__).parents[2] / "README.md"
# Built workbooks and other people's formulas call these, with these arguments: they may grow at the end, nothing else.
PUBLIC = """
BP_SIGMOID(x)
BP_FORWARD(inputs, weights_hidden, weights_output)
BP_ERROR(targets, outputs)
BP_GRAD(inputs, targets, weights_hidden, weights_output, [weight])
BP_UPDATE(weights, gradients, learning_rate)
BP_TABLE(inputs, targets, weights_hidden, weights_output, learning_rate, [iterations], [header])
BP_SWEEP(inputs, targets, weights_hidden, weights_output, learning_rates, [iterations])
BP_GRADCHECK(inputs, targets, weights_hidden, weights_output)
BP_EXPLAIN(inputs, targets, weights_hidden, weights_output, weight)
BP_CHECK(table, [learning_rate])
NN_FORWARD(inputs, weights, network)
NN_LOSS(inputs, targets, weights, network)
NN_GRAD(inputs, targets, weights, network, [weight])
NN_UPDATE(inputs, targets, weights, network, learning_rate, [iterations])
NN_TABLE(inputs, targets, weights, network, learning_rate, [iterations], [header])
NN_GRADCHECK(inputs, targets, weights, network)
NN_EXPLAIN(inputs, targets, weights, network, weight)
MNIST_PREDICT(pixels)
"""
INPUTS, TARGETS, WEIGHTS = [[0.05, 0.1]], [[0.5, 0.5]], [[0.15, 0.2, 0.25, 0.3, 0.4, 0.45, 0.5, 0.55]]
EXERCISE = INPUTS, TARGETS, [WEIGHTS[0][:4]], [WEIGHTS[0][4:]]
ANY = INPUTS, TARGETS, WEIGHTS, "2-2-2"


def test_names_and_arguments_are_those_that_built_workbooks_call():
    assert PUBLIC.split("\n")[1:-1] == [function.usage for function in TABLE]
    assert sorted(FUNCTIONS) == xlfuncs.__all__
    assert set(FUNCTIONS) <= set(dir(xlfuncs))


@pytest.mark.parametrize("entry", TABLE, ids=lambda entry: entry.name)
def test_the_function_is_as_its_entry_says(entry):
    for function in (entry.python, getattr(xlfuncs, entry.name)):
        parameters = inspect.signature(function).parameters
        assert list(parameters) == [argument.name for argument in entry.arguments]
        for argument in entry.arguments:
            default = parameters[argument.name].default
            assert default == argument.default if argument.optional else default is inspect.Parameter.empty
        assert function.__name__ == entry.name and function.__doc__ == entry.help
    optional = [argument.optional for argument in entry.arguments]
    assert optional == sorted(optional)  # optional ones come last: Excel leaves out from the end
    assert all(10 < len(a.help) <= 255 and "\n" not in a.help for a in entry.arguments)


def test_every_definition_has_its_entry():
    """Nothing is computed that no host can call, and each stands in its family's module."""
    defined = {name for module in (functions, nn) for name in vars(module) if re.fullmatch(r"[A-Z]+_[A-Z]+", name)}
    written = {name for name in defined if callable(getattr(functions, name, None) or getattr(nn, name, None))}
    assert written == set(FUNCTIONS)
    assert FUNCTIONS["NN_GRAD"].python is nn.NN_GRAD and FUNCTIONS["BP_GRAD"].python is functions.BP_GRAD


BLANKS = (None, "", [[None]], [[""]])


@pytest.mark.parametrize("blank", BLANKS, ids=repr)
def test_a_blank_optional_argument_is_the_tables_default(blank):
    def python(name):
        return FUNCTIONS[name].python

    assert python("BP_GRAD")(*EXERCISE, blank) == python("BP_GRAD")(*EXERCISE)
    assert python("BP_TABLE")(*EXERCISE, 0.1, blank, blank) == python("BP_TABLE")(*EXERCISE, 0.1, 85, True)
    assert python("BP_SWEEP")(*EXERCISE, 0.1, blank) == python("BP_SWEEP")(*EXERCISE, 0.1, 85)
    table = python("BP_TABLE")(*EXERCISE, 0.1)
    assert python("BP_CHECK")(table, blank) == [["right"]]
    assert python("NN_GRAD")(*ANY, blank) == python("NN_GRAD")(*ANY)
    assert python("NN_UPDATE")(*ANY, 0.1, blank) == python("NN_UPDATE")(*ANY, 0.1, 1)
    assert python("NN_TABLE")(*ANY, 0.1, blank, blank) == python("NN_TABLE")(*ANY, 0.1, 85, True)


def test_too_many_or_unknown_arguments_are_pythons_own_errors():
    for arguments, named in (((1.0, 2.0), {}), ((), {}), ((1.0,), {"y": 1.0})):
        with pytest.raises(TypeError):
            FUNCTIONS["BP_SIGMOID"].python(*arguments, **named)


def test_the_readme_shows_the_table():
    readme = README.read_text(encoding="utf-8")
    assert readme_table.renewed(readme) == readme, "run python -m xlfuncs.readme_table README.md"
    for function in TABLE:
        assert function.example.startswith(f"{function.name}(")
        assert f"| `{function.usage}` | {function.gives} | `={function.example}` | {function.result} |" in readme


def test_the_table_is_light():
    code = (
        "import sys, xlfuncs.function_table, xlfuncs\n"
        "xlfuncs.__all__, dir(xlfuncs)\n"
        "heavy = {'xlwings', 'torch', 'openpyxl', 'pyopenvba', 'trainer', 'workbook', 'xlfuncs.functions', 'xlfuncs.audit'}\n"
        "sys.exit(' '.join(heavy & set(sys.modules)) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_name_that_is_none_of_the_functions_is_an_attribute_error():
    with pytest.raises(AttributeError, match="BP_GRADIENT"):
        xlfuncs.BP_GRADIENT  # noqa: B018
    code = "import sys, xlfuncs\nfrom xlfuncs import errors\nsys.exit('xlfuncs.network' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # no table for a submodule
