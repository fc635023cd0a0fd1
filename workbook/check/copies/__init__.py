"""Copies of a checked workbook: marked, or mended and proven."""
