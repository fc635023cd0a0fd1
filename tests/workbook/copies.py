"""Copies of a workbook's package in which something was changed."""

import re
import zipfile


def copied(source, target, change):
    """Copy a package part by part; `change` gets each part's name and content and returns its new content."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = change(name, old.read(name))
            if content is not None:
                new.writestr(name, content)


def spoilt(path, folder):
    """The workbook with the numbers behind its formulas made wrong."""
    return _reshown(path, folder / "spoilt.xlsx", rb"</f><v>[^<#]*</v>", b"</f><v>777</v>")


def without_values(path, folder):
    """The workbook without the numbers behind its formulas."""
    return _reshown(path, folder / "bare.xlsx", rb"</f><v>[^<]*</v>", b"</f>")


def _reshown(path, target, old, new):
    copied(path, target, lambda name, c: re.sub(old, new, c) if name.startswith("xl/worksheets/sheet") else c)
    return target
