"""A training that shows itself in an open workbook: the buttons, the processes they start, and the rows they write."""
