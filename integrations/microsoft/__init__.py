"""Microsoft 365 and Outlook.com calendars by Microsoft Graph v1.0."""

from integrations.microsoft.calendars import MicrosoftCalendars
from integrations.microsoft.pings import MicrosoftPings

__all__ = ["MicrosoftCalendars", "MicrosoftPings"]
