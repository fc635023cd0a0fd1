"""gradsheet libreoffice install, status, remove; the file .oxt; build --training, whose sheet the buttons need."""

import io
import subprocess
import sys
import xml.etree.ElementTree as ET
import zipfile

import openpyxl
import pytest
from openxml_audit import OpenXmlValidator

from tests.conftest import needs_libreoffice
from workbook.calc import extension
from workbook.sheets.training_cells import RUN_FOLDER, SETTINGS, STATUS

from .office import Office


def test_install_status_remove(tmp_path):
    needs_libreoffice()
    office = Office(tmp_path)

    def said(what, code):
        done = office.gradsheet("libreoffice", what)
        assert done.returncode == code and "Traceback" not in done.stderr, done.stderr
        return done.stdout + done.stderr

    assert "is not in LibreOffice" in said("status", 1)
    assert "nothing was to be removed" in said("remove", 0)
    assert f"it calls {sys.executable}" in said("install", 0)
    assert said("install", 0)  # again, in the place of the first
    assert said("status", 0).endswith(f"calls {sys.executable}: it works.\n")
    assert "is out of LibreOffice" in said("remove", 0)
    assert "is not in LibreOffice" in said("status", 1)


def test_mistakes_are_sentences(tmp_path):
    for words in (["libreoffice", "install", "--unopkg", "/nowhere"], ["libreoffice", "fly"], ["libreoffice"]):
        done = subprocess.run([sys.executable, "-m", "workbook", *words], capture_output=True, text=True, check=False)
        assert done.returncode == 2 and done.stderr.startswith("gradsheet") and done.stderr.count("\n") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
def test_what_unopkg_says_is_passed_on(tmp_path):
    """As one does while LibreOffice is open."""
    program = tmp_path / "unopkg"
    program.write_text("#!/bin/sh\necho 'ERROR: the office is running' >&2\necho 'ERROR: unopkg failed.' >&2\nexit 1\n")
    program.chmod(0o755)
    command = [sys.executable, "-m", "workbook", "libreoffice", "install", "--unopkg", str(program)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "close LibreOffice" in done.stderr and "the office is running)" in done.stderr


def test_the_same_bytes_every_time_and_well_formed():
    first, second = io.BytesIO(), io.BytesIO()
    extension.write(first)
    extension.write(second)
    assert first.getvalue() == second.getvalue()
    with zipfile.ZipFile(first) as archive:
        names = archive.namelist()
        for name in names:
            if name.endswith((".xml", ".xcu", ".components")):
                ET.fromstring(archive.read(name))
        manifest = ET.fromstring(archive.read("META-INF/manifest.xml"))
    listed = {next(iter(v for k, v in entry.attrib.items() if k.endswith("full-path"))) for entry in manifest}
    assert listed < set(names)


def test_the_sheet_training_without_macros(training_book):
    """Named cells and yellow settings, and nothing that makes a program ask about macros."""
    with zipfile.ZipFile(training_book) as package:
        assert not [name for name in package.namelist() if "vba" in name or name.endswith(".vml")]
    sheet = openpyxl.load_workbook(training_book)["Training"]
    assert {STATUS, RUN_FOLDER, *(s.name for s in SETTINGS)} < set(sheet.defined_names)
    assert "gradsheet libreoffice install" in sheet["B2"].value
    assert OpenXmlValidator().validate(str(training_book)).errors == []
