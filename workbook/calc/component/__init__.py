"""What runs in LibreOffice's own Python: the standard library and uno only, in the syntax of Python 3.7."""
