"""The trained CNN alive in cells: every layer's maps, and the gradients back through them, as plain formulas."""
