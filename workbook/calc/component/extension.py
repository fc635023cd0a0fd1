"""What the installer wrote into the extension, and the one child that all parts of it share."""

import json
import os

from .child import Child, Posting

_FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "gradsheet.json")
with open(_FILE, encoding="utf-8") as file:
    WRITTEN = json.load(file)
"""command and python_path of gradsheet's Python; functions; what the sheet Training's cells are called."""


class Extension:
    """The one of this LibreOffice."""

    def __init__(self):
        """Nothing is started yet."""
        self.answer_in_main_thread = lambda message: None  # see documents.py
        self.on_start = lambda: None
        self._asked = Posting(lambda message: self.answer_in_main_thread(message))
        self.child = Child(WRITTEN["command"], WRITTEN["python_path"], self._asked.put, lambda: self.on_start())


EXTENSION = Extension()
