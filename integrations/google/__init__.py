"""Google Calendar (API v3): a user's calendars, when they are busy, our entries in them, and its pings."""

from integrations.google.calendars import GoogleCalendars
from integrations.google.pings import GooglePings, read_pings

__all__ = ["GoogleCalendars", "GooglePings", "read_pings"]
