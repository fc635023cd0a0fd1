"""The maths of backpropagation and the functions that Excel calls.

Built workbooks call the functions by these names: `xlfuncs.BP_GRAD` and its family must stay. Which there are says
`xlfuncs.function_table`. They are loaded on first use, with xlwings' decorators where xlwings is installed, so that the
maths (`xlfuncs.maths`, `xlfuncs.network`) needs only numpy.
"""

from importlib import import_module


def __getattr__(attribute: str):
    # Python asks here for submodules too, which have small letters: the table isn't loaded for those.
    functions = _functions() if attribute == "__all__" or attribute.isupper() else {}
    if attribute == "__all__":
        return sorted(functions)
    if attribute not in functions:
        raise AttributeError(f"module 'xlfuncs' has no attribute {attribute!r}")
    try:
        return getattr(import_module("xlfuncs.excel"), attribute)
    except ModuleNotFoundError as error:
        if error.name != "xlwings":
            raise
        return functions[attribute].python


def __dir__() -> list[str]:
    # xlwings finds the functions of a module through dir().
    return sorted([*globals(), *_functions()])


def _functions() -> dict:
    return import_module("xlfuncs.function_table").FUNCTIONS
