"""The functions of the table in hosts that run them without Python: as LAMBDA names of a workbook."""
