"""Microsoft 365 and Outlook.com calendars by Microsoft Graph v1.0."""

from integrations.microsoft.calendars import MicrosoftCalendars

__all__ = ["MicrosoftCalendars"]
