"""Demo data that tell a story: a studio of three in three zones, their calendars, pages and bookings.

Everything that a user could do is done by the use case that the user would call.
"""
