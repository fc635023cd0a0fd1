"""From a file to cells: bounded, nothing executed, every formula parsed."""
