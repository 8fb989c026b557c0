"""The verbs behind ./slotgraph: what a person or a script asks of a whole installation."""
