"""gradsheet in LibreOffice Calc: an extension of two halves, and what installs it."""
