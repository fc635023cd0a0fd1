"""The parts of the package that macros and buttons need, as XML: openpyxl writes none of them.

A button is a form control in VML, as Excel itself and XlsxWriter write it; LibreOffice shows and runs it too.
"""

import xml.etree.ElementTree as ET
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from workbook.macros import wrappers
from workbook.parts import vml as frame

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
VBA_PART = "xl/vbaProject.bin"
_MACRO_BOOK = "application/vnd.ms-excel.sheet.macroEnabled.main+xml"
_VBA_TYPE = "application/vnd.ms-office.vbaProject"
_VBA_RELATION = "http://schemas.microsoft.com/office/2006/relationships/vbaProject"
_RELATION_ID = "rIdButtons"
_BUTTON = frame.shape_type(
    201, 'shadowok="f" o:extrusionok="f" strokeok="f" fillok="f"', '<o:lock v:ext="edit" shapetype="t"/>'
)
# What may stand behind <legacyDrawing> in a sheet.
_AFTER_BUTTONS = ("legacyDrawingHF", "picture", "oleObjects", "controls", "webPublishItems", "tableParts", "extLst")


@dataclass(frozen=True)
class Button:
    """A button over cells: `start` and `end` are (column, row) from 0, `end` is the first cell not covered."""

    caption: str
    macro: str
    start: tuple[int, int]
    end: tuple[int, int]


def vml_part(place: int) -> str:
    """The part that holds the buttons of the sheet at a place counted from 1."""
    return f"xl/drawings/vmlDrawing{place}.vml"


def vml(buttons: list[Button], place: int) -> bytes:
    """The buttons of the sheet at a place counted from 1, as VML."""
    shapes = "".join(_shape(button, 1024 * place + k, k) for k, button in enumerate(buttons, start=1))
    return frame.document(place, _BUTTON, shapes)


def _shape(button: Button, identity: int, order: int) -> str:
    (left, top), (right, bottom) = button.start, button.end
    return (
        f'<v:shape id="_x0000_s{identity}" type="#_x0000_t201" alt={quoteattr(button.caption)} '
        f'style="position:absolute;z-index:{order};mso-wrap-style:tight" o:button="t" '
        'fillcolor="buttonFace [67]" strokecolor="windowText [64]" o:insetmode="auto">'
        '<v:fill color2="buttonFace [67]" o:detectmouseclick="t"/><o:lock v:ext="edit" rotation="t"/>'
        '<v:textbox style="mso-direction-alt:auto" o:singleclick="f"><div style="text-align:center">'
        f'<font face="Calibri" size="220" color="#000000">{escape(button.caption)}</font></div></v:textbox>'
        f'<x:ClientData ObjectType="Button"><x:Anchor>{left}, 0, {top}, 0, {right}, 0, {bottom}, 0</x:Anchor>'
        "<x:PrintObject>False</x:PrintObject><x:AutoFill>False</x:AutoFill>"
        f"<x:FmlaMacro>[0]!{button.macro}</x:FmlaMacro>"
        "<x:TextHAlign>Center</x:TextHAlign><x:TextVAlign>Center</x:TextVAlign></x:ClientData></v:shape>"
    )


def add_macros(part: str, root: ET.Element) -> None:
    """Tell a part of the workbook that there is a VBA project, and the category of its functions."""
    if part == "[Content_Types].xml":
        namespace = root.tag.removesuffix("Types")
        for place, (extension, kind) in enumerate((("bin", _VBA_TYPE), ("vml", frame.CONTENT_TYPE))):
            root.insert(place, ET.Element(f"{namespace}Default", Extension=extension, ContentType=kind))
        book = next(child for child in root if child.get("PartName") == "/xl/workbook.xml")
        book.set("ContentType", _MACRO_BOOK)
    if part == "xl/_rels/workbook.xml.rels":
        namespace = root.tag.removesuffix("Relationships")
        ET.SubElement(root, f"{namespace}Relationship", Id="rIdMacros", Type=_VBA_RELATION, Target="vbaProject.bin")
    if part == "xl/workbook.xml":
        groups = ET.Element(f"{MAIN}functionGroups", builtInGroupCount=str(wrappers.BUILT_IN_CATEGORIES))
        ET.SubElement(groups, f"{MAIN}functionGroup", name=wrappers.CATEGORY)
        sheets = [child.tag for child in root].index(f"{MAIN}sheets")
        root.insert(sheets + 1, groups)


def add_buttons(root: ET.Element) -> None:
    """Tell a sheet that it has buttons."""
    place = next((k for k, child in enumerate(root) if child.tag.removeprefix(MAIN) in _AFTER_BUTTONS), len(root))
    root.insert(place, ET.Element(f"{MAIN}legacyDrawing", {f"{{{RELATION}}}id": _RELATION_ID}))


def add_button_relation(root: ET.Element, place: int) -> None:
    """Tell a sheet's relations where its buttons are."""
    namespace = root.tag.removesuffix("Relationships")
    target = "/" + vml_part(place)
    ET.SubElement(root, f"{namespace}Relationship", Id=_RELATION_ID, Type=f"{RELATION}/vmlDrawing", Target=target)
