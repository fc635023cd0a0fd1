"""Runs by itself: classic xlwings on Linux, with stubs for Windows' COM modules.

Reads calls as JSON (function, arguments as Excel's COM hands them over), puts them through xlwings' own call_udf with
its conversions, and prints the results. With "wrappers" as argument it prints the VBA that xlwings' generator writes.
Imported by other scripts, it offers `call`.
"""

import ctypes
import datetime as dt
import io
import json
import sys
import types
from decimal import Decimal


class Anything:
    """Stands for whatever COM object is asked for."""

    def __init__(self, *args, **kwargs):
        pass

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Anything()

    def __call__(self, *args, **kwargs):
        return Anything()


def stub(name, **attributes):
    module = types.ModuleType(name)
    module.__getattr__ = lambda attribute: Anything()
    module.__dict__.update(attributes)
    sys.modules[name] = module
    return module


class Base:
    """A class that xlwings derives from."""


def install_stubs():
    """The Windows modules that classic xlwings imports."""
    error = type("com_error", (Exception,), {})
    stub("pythoncom", com_error=error, TypeIIDs={"IDispatch": Base}, IID_IDispatch="IDispatch")
    stub("pywintypes", com_error=error, TimeType=type("TimeType", (), {}))
    for name in ("win32api", "win32con", "win32gui", "win32process", "win32event", "win32timezone", "winerror"):
        stub(name)
    client = stub("win32com.client", CDispatch=Base, CoClassBaseClass=Base, DispatchBaseClass=type("D", (), {}))
    stub("win32com", client=client, __path__=[])
    ctypes.oledll = ctypes.windll = Anything()
    ctypes.PyDLL = Anything
    stub("xlwings.com_server", loop=None)


install_stubs()

import xlwings  # noqa: E402
from xlwings import _xlwindows, udfs  # noqa: E402

xlwings.func, xlwings.arg, xlwings.ret = udfs.xlfunc, udfs.xlarg, udfs.xlret
xlwings.engines.add(xlwings.main.Engine(impl=_xlwindows.Engine()))
_xlwindows.is_range_instance = lambda argument: False  # values come as they are, not as Range objects
udfs.Range = Anything  # the calling cell

MISSING = -2147352572


def from_json(cell):
    """What COM hands over for a cell: JSON has no date, currency or missing argument."""
    if isinstance(cell, list):
        return tuple(from_json(c) for c in cell)
    if isinstance(cell, dict):
        kind, value = next(iter(cell.items()))
        return {
            "date": lambda: dt.datetime.fromisoformat(value),
            "currency": lambda: Decimal(value),
            "missing": lambda: MISSING,
        }[kind]()
    return cell


def wrappers() -> str:
    """The VBA functions as xlwings' own generator writes them."""
    import xlfuncs

    out = io.StringIO()
    udfs.generate_vba_wrapper("xlfuncs", xlfuncs, out, types.SimpleNamespace(Name="book.xlsm"))
    return out.getvalue()


def call(name, arguments):
    """What Excel gets from a function: through xlwings' reading, the function, and xlwings' writing."""
    return udfs.call_udf("xlfuncs", name, tuple(arguments))


if __name__ == "__main__":
    if sys.argv[1:] == ["wrappers"]:
        print(wrappers())
    else:
        print(json.dumps([call(name, map(from_json, arguments)) for name, arguments in json.load(sys.stdin)]))
