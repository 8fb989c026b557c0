"""Zones by their names in Windows, which Graph speaks, and their names in the IANA database, which we do.

The table is the Unicode CLDR's, with one IANA name for each of Windows'; it comes with `icalendar`.
"""

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from domain.zones import zone_names

_IANA_TO_WINDOWS = {iana: windows for windows, iana in WINDOWS_TO_OLSON.items()} | {"UTC": "UTC"}


def graph_name(iana: str) -> str:
    """Name a zone to Graph: as Windows does where both mean the same, else by its IANA name.

    Many IANA zones share one of Windows', but have not always kept the same time: only the zone that
    Windows' own stands for is translated.
    """
    return _IANA_TO_WINDOWS.get(iana, iana)


def iana_name(named: str) -> str | None:
    """Find the IANA name of a zone that Graph names; None if nobody knows it, as with custom zones."""
    name = WINDOWS_TO_OLSON.get(named, named)
    return name if name in zone_names() else None
