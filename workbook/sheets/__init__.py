"""The sheets, a module each: what stands on them, in which cells, with which values."""
