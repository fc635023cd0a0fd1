"""Workbooks that exist already: whose they are, and how the sheets of a run come into them."""
