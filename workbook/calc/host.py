"""LibreOffice as a host"""
import threading
from pathlib import Path
from workbook.live import buttons, launch
from workbook.calc.document import OpenDocument
