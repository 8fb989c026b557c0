"""The outside world, named after who is on the other side. Foreign words stop here."""
