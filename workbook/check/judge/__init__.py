"""From meanings to findings: which cells are wrong, why, and what follows from it."""
