"""The behaviour behind the schema: parse, call one use case, shape the answer."""
