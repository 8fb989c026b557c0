"""What it costs: programs that measure, each beside its limit and its peer in the same run."""
