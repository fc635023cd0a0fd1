"""The spreadsheet file: what stands where, formulas, charts, export and the command line."""
