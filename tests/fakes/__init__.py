"""The outside world as it is in tests and in the demo: servers that speak the providers' protocols.

Each is a real HTTP server on the loopback with accounts, calendars and grants of its own. They are strict:
a parameter, field, header or scope that the provider does not know is refused as the provider would refuse
it, and written down as a violation, which fails the test. They never see our code, and it never sees them.
"""
