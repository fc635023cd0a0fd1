"""From cells to meanings: the tables, what their formulas refer to, and what those give."""
