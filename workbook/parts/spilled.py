"""Arrays that spill: the mark on a cell, and the part of a file that says what it means, as Excel writes them."""

import xml.etree.ElementTree as ET

METADATA = "xl/metadata.xml"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_DYNAMIC = "http://schemas.microsoft.com/office/spreadsheetml/2017/dynamicarray"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheetMetadata+xml"
_KIND = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/sheetMetadata"
METADATA_PART = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    f'<metadata xmlns="{_MAIN}" xmlns:xda="{_DYNAMIC}"><metadataTypes count="1"><metadataType name="XLDAPR" '
    'minSupportedVersion="120000" copy="1" pasteAll="1" pasteValues="1" merge="1" splitFirst="1" rowColShift="1" '
    'clearFormats="1" clearComments="1" assign="1" coerce="1" cellMeta="1"/></metadataTypes>'
    '<futureMetadata name="XLDAPR" count="1"><bk><extLst><ext uri="{bdbb8cdc-fa1e-496e-a857-3c3f30c029c3}">'
    '<xda:dynamicArrayProperties fDynamic="1" fCollapsed="0"/></ext></extLst></bk></futureMetadata>'
    '<cellMetadata count="1"><bk><rc t="1" v="0"/></bk></cellMetadata></metadata>'
).encode()


def mark(cell: ET.Element) -> None:
    """Let the cell's array spill."""
    cell.set("cm", "1")


def declare(part: str, root: ET.Element) -> None:
    """Name the metadata part where the package lists its parts and what the workbook refers to."""
    namespace = root.tag.partition("}")[0] + "}"
    if part == "[Content_Types].xml":
        ET.SubElement(root, f"{namespace}Override", PartName=f"/{METADATA}", ContentType=_TYPE)
    if part == "xl/_rels/workbook.xml.rels":
        ET.SubElement(root, f"{namespace}Relationship", Id="rIdMetadata", Type=_KIND, Target="metadata.xml")
