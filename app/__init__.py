"""Knows all the parts: settings, wiring, the entry verbs and the HTTP door."""
