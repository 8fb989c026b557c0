"""The rules, and nothing else: values in, values out; no I/O, no clock, no chance, no async."""
