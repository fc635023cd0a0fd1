"""xlwings' module for Windows on any system: pywin32's part in it is played by objects of our own.

They refuse as Excel and pywin32 do.
"""

import ctypes
import sys
import types

import xlwings

CALL_REJECTED, RETRY_LATER, IGNORE = -2147418111, -2147417846, -2146777998
EXCEPTION, FAILED, UNKNOWN_NAME, BAD_INDEX = -2147352567, -2146827284, -2147352570, -2147352565
DISCONNECTED, UNAVAILABLE = -2147417848, -2147023174
REFUSALS = [(CALL_REJECTED,), (RETRY_LATER,), (IGNORE,), (EXCEPTION, IGNORE), "attribute"]


class ComError(Exception):
    """As pywintypes.com_error."""

    def __init__(self, code, inner=None):
        self.hresult, self.excepinfo = code, inner and (0, None, None, None, 0, inner)
        super().__init__(code, "refused", self.excepinfo, None)


class Dispatch:
    """As pywin32's CDispatch: get_X, put_X and do_X of a class are what Excel offers, each use of one a call."""

    def __init__(self, excel):
        self.excel, self.generation = excel, excel.generation

    def __getattr__(self, name):
        if name.startswith("_") or name[:1].islower():
            raise AttributeError(name)
        if reader := getattr(type(self), f"get_{name}", None):
            return self.excel.answer(lambda: reader(self), self)
        if action := getattr(type(self), f"do_{name}", None):
            return types.MethodType(lambda me, *given: me.excel.answer(lambda: action(me, *given), me), self)
        raise AttributeError(name)

    def __setattr__(self, name, value):
        if name[:1].islower() or name.startswith("_"):
            return object.__setattr__(self, name, value)
        writer = getattr(type(self), f"put_{name}")
        return self.excel.answer(lambda: writer(self, value), self)

    def __call__(self, *given):
        return self.excel.answer(lambda: self.item(*given), self)

    def __iter__(self):
        for item in self.items():
            yield self.excel.answer(lambda item=item: item, self)

    @property
    def _oleobj_(self):
        def ids(_, name):
            if not any(hasattr(type(self), f"{kind}_{name}") for kind in ("get", "put", "do")):
                raise ComError(UNKNOWN_NAME)
            self.excel.answer(lambda: None, self)

        return types.SimpleNamespace(GetIDsOfNames=ids)


class Stub(types.ModuleType):
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


def _windows():
    """xlwings' module for Windows, with our classes in the place of pywin32's. Imported once, stubs taken away again."""
    names = "pythoncom pywintypes win32api win32con win32gui win32process win32timezone win32com win32com.client"
    stubs = {name: Stub(name) for name in names.split()}
    for name in ("pythoncom", "pywintypes"):
        stubs[name].com_error = stubs[name].ole_error = ComError
        stubs[name].__file__ = "pythoncom.dll"
    stubs["pythoncom"].CoInitialize = lambda: None
    stubs["pywintypes"].error = type("error", (Exception,), {})
    stubs["win32com.client"].CDispatch = Dispatch
    stubs["win32com.client"].CoClassBaseClass = stubs["win32com.client"].DispatchBaseClass = Dispatch
    stubs["win32com"].client, stubs["win32com"].__path__ = stubs["win32com.client"], []
    stubs["win32process"].GetWindowThreadProcessId = lambda hwnd: (0, 1)
    anything = types.SimpleNamespace
    libraries = {
        "oledll": anything(ole32=anything(CLSIDFromString=lambda *given: None)),
        "windll": anything(),
        "PyDLL": lambda path: anything(PyCom_PyObjectFromIUnknown=anything()),
    }
    before = {name: getattr(ctypes, name, None) for name in libraries}
    modules = {name: sys.modules.get(name) for name in stubs}
    sys.modules.update(stubs)
    for name, library in libraries.items():
        setattr(ctypes, name, library)
    try:
        from xlwings import _xlwindows
    finally:
        for name, library in before.items():
            setattr(ctypes, name, library) if library else delattr(ctypes, name)
        for name, module in modules.items():
            sys.modules.pop(name) if module is None else sys.modules.update({name: module})
    return _xlwindows


windows = _windows()
xlwings.engines.add(xlwings.main.Engine(impl=windows.engine))

from workbook.live.open_book import tame_xlwings  # noqa: E402

tame_xlwings()
