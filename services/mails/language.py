"""What a letter asks of the catalogues: sentences, moments and lists in the reader's language."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol


class Language(Protocol):
    """The words of every language we speak; `locale` is the reader's, as it is stored."""

    def language(self, locale: str) -> str:
        """Name the language that a reader of this locale is given, as HTML's `lang` wants it."""
        ...

    def translate(self, locale: str, msgid: str, /, **values: object) -> str:
        """Say an English sentence in the reader's language, its `{names}` filled in."""
        ...

    def interval(self, locale: str, zone: str, start: datetime, end: datetime) -> str:
        """Spell date and times of an interval in a zone."""
        ...

    def moment(self, locale: str, zone: str, instant: datetime) -> str:
        """Spell date and time of an instant in a zone."""
        ...

    def day(self, locale: str, zone: str, instant: datetime) -> str:
        """Spell the date of an instant in a zone."""
        ...

    def zone_name(self, locale: str, zone: str, instant: datetime) -> str:
        """Name a zone as it is called at an instant."""
        ...

    def listed(self, locale: str, names: Sequence[str]) -> str:
        """Join names into a phrase."""
        ...
