"""VML, in which Excel keeps buttons and the boxes of comments: the frame of such a part around its shapes.

openpyxl writes it for comments of its own only.
"""

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.vmlDrawing"


def document(identity: int, shape_type: str, shapes: str = "") -> bytes:
    """The part: `identity` counts a workbook's VML parts from 1, its shapes' ids begin behind 1024·identity."""
    return (
        '<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" '
        'xmlns:x="urn:schemas-microsoft-com:office:excel">'
        f'<o:shapelayout v:ext="edit"><o:idmap v:ext="edit" data="{identity}"/></o:shapelayout>'
        f"{shape_type}{shapes}</xml>"
    ).encode()


def shape_type(kind: int, path: str, more: str = "") -> str:
    """A rectangle that shapes of a kind refer to as #_x0000_t{kind}; `path` is what their outline allows."""
    return (
        f'<v:shapetype id="_x0000_t{kind}" coordsize="21600,21600" o:spt="{kind}" path="m,l,21600r21600,l21600,xe">'
        f'<v:stroke joinstyle="miter"/><v:path {path} o:connecttype="rect"/>{more}</v:shapetype>'
    )
