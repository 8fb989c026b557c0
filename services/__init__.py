"""The use cases: load, ask the domain, save, record. The only way from a door to storage."""
