"""The weekly overspend summary: what changed since the last one, what moved, how far the numbers can be trusted."""
