"""What makes the macro workbook: the VBA project, the wrappers of the functions, the buttons."""
