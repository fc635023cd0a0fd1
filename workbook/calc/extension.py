"""The extension for LibreOffice, a file .oxt: generated from the functions, as the wrappers in VBA are.

Its parts, and why they are as they are:

    META-INF/manifest.xml   what the others are
    description.xml         identifier, version, what the Extension Manager shows
    gradsheet.idl           the functions' types, as IDL source: LibreOffice reads it without an SDK
    gradsheet.components    the parts in Python, registered without running them
    CalcAddIns.xcu          names and help, for the Function Wizard and for Excel's files
    Jobs.xcu, ProtocolHandler.xcu, Addons.xcu   what happens on opening, gradsheet:run and its like, the menu
    gradsheet_calc.py, pythonpath/              the component, with gradsheet.json: what it must know of gradsheet
"""

import json
import os
import sys
import zipfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from typing import BinaryIO
from xml.sax.saxutils import escape, quoteattr

from workbook.sheets.training_cells import (
    EPOCH_LOG,
    HEADER_ROW,
    LOG_CORNER,
    PROGRESS,
    RUN_FOLDER,
    SETTINGS,
    STATUS,
)
from workbook.sheets.training_controls import BUTTON_ROW, BUTTONS
from xlfuncs.function_table import TABLE, Function

IDENTIFIER = "com.gradsheet"
BRIDGE = "workbook.calc.bridge"
PACKAGE = "pythonpath/gradsheet_office"
ENTRY = "gradsheet_calc.py"
CALLS = "It calls "
"""Behind this, the extension's description says which Python it calls."""
PRESSES = tuple(zip([caption for caption, _ in BUTTONS], ("run", "stop", "resume", "open_folder"), strict=True))
"""Each button's caption, and the function of workbook.live.buttons behind it."""
_WHEN = (1980, 1, 1, 0, 0, 0)  # the same input gives the same bytes
_REGISTRY = 'xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema"'


def write(file: BinaryIO) -> None:
    """Write the extension, which calls the Python that runs this."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in _parts():
            archive.writestr(zipfile.ZipInfo(name, _WHEN), content, zipfile.ZIP_DEFLATED)


def gradsheet_version() -> str:
    """The installed package's version."""
    try:
        return version("gradsheet")
    except PackageNotFoundError:
        return "0"


def command() -> list[str]:
    """What starts the bridge. -P: a file in LibreOffice's current folder can't take the place of a module."""
    return [sys.executable, "-P", "-m", BRIDGE]


def _parts() -> Iterator[tuple[str, str]]:
    yield "META-INF/manifest.xml", _manifest()
    yield "description.xml", _description()
    yield "gradsheet.idl", _types()
    yield "gradsheet.components", _components()
    yield "CalcAddIns.xcu", _functions_help()
    yield "Jobs.xcu", _jobs()
    yield "ProtocolHandler.xcu", _protocol()
    yield "Addons.xcu", _menu()
    yield "gradsheet.txt", f"Neural-network training made visible in a spreadsheet. {CALLS}{sys.executable}\n"
    component = files("workbook.calc.component")
    for part in sorted(component.iterdir(), key=lambda part: part.name):
        if part.name.endswith(".py"):
            yield part.name if part.name == ENTRY else f"{PACKAGE}/{part.name}", part.read_text(encoding="utf-8")
    yield f"{PACKAGE}/gradsheet.json", json.dumps(_what_it_must_know(), indent=1) + "\n"


def _what_it_must_know() -> dict[str, object]:
    return {
        "command": command(),
        "python_path": os.environ.get("PYTHONPATH"),
        "functions": [function.name for function in TABLE],
        "corner": LOG_CORNER,
        "table": EPOCH_LOG,
        "names": [STATUS, PROGRESS, RUN_FOLDER, *(setting.name for setting in SETTINGS)],
        "status": STATUS,
        "rows_above": HEADER_ROW - BUTTON_ROW,
        "buttons": [{"caption": caption, "does": does} for caption, does in PRESSES],
    }


def _manifest() -> str:
    kinds = {
        "gradsheet.idl": "application/vnd.sun.star.uno-typelibrary;type=RDB",
        "gradsheet.components": "application/vnd.sun.star.uno-components",
        **dict.fromkeys(
            ("CalcAddIns.xcu", "Jobs.xcu", "ProtocolHandler.xcu", "Addons.xcu"),
            "application/vnd.sun.star.configuration-data",
        ),
    }
    entries = "".join(
        f" <manifest:file-entry manifest:full-path={quoteattr(name)} manifest:media-type={quoteattr(kind)}/>\n"
        for name, kind in kinds.items()
    )
    return _xml(
        f'<manifest:manifest xmlns:manifest="http://openoffice.org/2001/manifest">\n{entries}</manifest:manifest>'
    )


def _description() -> str:
    return _xml(f"""\
<description xmlns="http://openoffice.org/extensions/description/2006" xmlns:xlink="http://www.w3.org/1999/xlink">
 <identifier value="{IDENTIFIER}"/>
 <version value="{gradsheet_version()}"/>
 <display-name><name lang="en">gradsheet</name></display-name>
 <extension-description><src lang="en" xlink:href="gradsheet.txt"/></extension-description>
</description>""")


def _types() -> str:
    """Every function gives rows of cells: a sentence is one of one, which fills an array formula."""
    methods = "\n".join(
        f"  sequence< sequence< any > > {function.name}({_idl_arguments(function)});" for function in TABLE
    )
    return f"module com {{ module gradsheet {{ interface XFunctions {{\n{methods}\n}}; }}; }};\n"


def _idl_arguments(function: Function) -> str:
    return ", ".join(f"[in] any {_idl_name(argument.name)}" for argument in function.arguments)


def _idl_name(argument: str) -> str:
    """IDL's arguments have no underscores: weights_hidden is weightsHidden."""
    first, *others = argument.split("_")
    return first + "".join(part.capitalize() for part in others)


def _components() -> str:
    services = {"com.gradsheet.Functions": "gradsheet"}
    services |= {name: name for name in ("com.gradsheet.Opening", "com.gradsheet.Pressing")}
    implementations = "".join(
        f'  <implementation name="{name}"><service name="{service}"/></implementation>\n'
        for name, service in services.items()
    )
    return _xml(f"""\
<components xmlns="http://openoffice.org/2010/uno-components">
 <component loader="com.sun.star.loader.Python" uri="{ENTRY}">
{implementations} </component>
</components>""")


def _functions_help() -> str:
    nodes = "".join(map(_function_node, TABLE))
    inside = _node("gradsheet", _node("AddInFunctions", nodes, op=""))
    return _data("CalcAddIns", "org.openoffice.Office", _node("AddInInfo", inside, op=""))


def _function_node(function: Function) -> str:
    properties = _prop("DisplayName", function.name, "en-US") + _prop("Description", function.help, "en-US")
    # In LibreOffice 25.2, by this name an .xlsx of Excel's finds the function.
    properties += _prop("Category", "Add-In") + _prop("CompatibilityName", function.name, "en-US")
    parameters = "".join(
        _node(_idl_name(a.name), _prop("DisplayName", a.name, "en-US") + _prop("Description", a.help, "en-US"))
        for a in function.arguments
    )
    return _node(function.name, properties + _node("Parameters", parameters, op=""))


def _jobs() -> str:
    job = _node("gradsheet", _prop("Service", "com.gradsheet.Opening"))
    listed = _node("OnLoadFinished", _node("JobList", _node("gradsheet", ""), op=""), op="fuse")
    return _data("Jobs", "org.openoffice.Office", _node("Jobs", job, op="") + _node("Events", listed, op=""))


def _protocol() -> str:
    handler = _node("com.gradsheet.Pressing", '<prop oor:name="Protocols"><value>gradsheet:*</value></prop>')
    return _data("ProtocolHandler", "org.openoffice.Office", _node("HandlerSet", handler, op=""))


def _menu() -> str:
    entries = "".join(
        _node(f"N{k}", _prop("Title", caption, "en-US") + _prop("URL", f"gradsheet:{does}") + _prop("Target", "_self"))
        for k, (caption, does) in enumerate(PRESSES)
    )
    where = _prop("Context", "com.sun.star.sheet.SpreadsheetDocument")
    menu = _node("com.gradsheet.menu", _prop("Title", "gradsheet", "en-US") + where + _node("Submenu", entries, op=""))
    return _data("Addons", "org.openoffice.Office", _node("AddonUI", _node("OfficeMenuBar", menu, op=""), op=""))


def _data(name: str, package: str, nodes: str) -> str:
    return _xml(
        f'<oor:component-data {_REGISTRY} oor:name="{name}" oor:package="{package}">{nodes}</oor:component-data>'
    )


def _node(name: str, inside: str, op: str = "replace") -> str:
    return f"<node oor:name={quoteattr(name)}{f' oor:op={quoteattr(op)}' if op else ''}>{inside}</node>\n"


def _prop(name: str, value: str, language: str = "") -> str:
    lang = f' xml:lang="{language}"' if language else ""
    return f'<prop oor:name="{name}" oor:type="xs:string"><value{lang}>{escape(value)}</value></prop>'


def _xml(root: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{root}\n'
