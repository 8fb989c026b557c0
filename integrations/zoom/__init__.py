"""Zoom: calendars, meetings, and what its webhooks say."""

from integrations.zoom.calendars import ZoomCalendars
from integrations.zoom.meetings import ZoomMeetings

__all__ = ["ZoomCalendars", "ZoomMeetings"]
