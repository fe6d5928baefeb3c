"""Research: whether a strategy works, told from what was recorded."""
