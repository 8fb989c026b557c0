"""Words: the catalogues in `locales/`, and dates, times and lists as the reader's locale has them (D22)."""

import string
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, get_timezone_name
from babel.lists import format_list
from babel.messages.pofile import read_po

from domain.errors import RuleBroken

ENGLISH = "en"
LOCALES = Path(__file__).parent.parent / "locales"
_FILE = Path("LC_MESSAGES", "slotgraph.po")
_MAX_HEADER = 200
# Unicode's thin and narrow spaces, which some mail programs show as boxes.
_SPACES = str.maketrans({"\u2009": " ", "\u202f": " "})


class Words:
    """Every sentence in every language we speak; English is the message id itself."""

    def __init__(self, catalogues: Mapping[str, Mapping[str, str]]) -> None:
        self._catalogues = MappingProxyType({ENGLISH: {}, **catalogues})

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages we speak, English first."""
        return tuple(self._catalogues)

    def sentences(self, language: str) -> frozenset[str]:
        """Give every message id that a language has a translation for."""
        return frozenset(self._catalogues[language])

    def language(self, locale: str) -> str:
        """Give the language for a locale (`ja-JP`, `en_GB`); English for one that we do not speak."""
        language = locale.replace("_", "-").partition("-")[0].lower()
        return language if language in self._catalogues else ENGLISH

    def negotiated(self, accept_language: str) -> str:
        """Give the language that an Accept-Language header likes best among ours."""
        wishes = _wishes(accept_language[:_MAX_HEADER])
        known = [(weight, name) for name, weight in wishes if weight > 0 and name in self._catalogues]
        return max(known, key=lambda wish: wish[0])[1] if known else ENGLISH

    def translate(self, locale: str, msgid: str, /, **values: object) -> str:
        """Say an English sentence in the reader's language, its `{names}` filled in.

        A sentence without a translation stays English; the tests let none through.
        """
        sentence = self._catalogues[self.language(locale)].get(msgid, msgid)
        return sentence.format_map({name: str(value) for name, value in values.items()})

    def error(self, locale: str, error: RuleBroken) -> str:
        """Say what an expected error says; a `reason` among its values is a sentence itself."""
        values = dict(error.values)
        reason = values.pop("reason", None)
        if reason is not None:
            catalogue = self._catalogues[self.language(locale)]
            said = catalogue.get(str(reason), str(reason))
            values["reason"] = self.translate(ENGLISH, said, **values) if values else said
        return self.translate(locale, error.sentence, **values)

    def interval(self, locale: str, zone: str, start: datetime, end: datetime) -> str:
        """Spell date and times of an interval; the second date only where it is another."""
        shape, zone_info = _shape(locale), _zone(zone)
        first, last = start.astimezone(zone_info), end.astimezone(zone_info)
        until = _time(last, shape)
        if first.date() != last.date():
            until = self.translate(locale, "{day}, {time}", day=_day(last, shape), time=until)
        from_ = self.translate(locale, "{day}, {time}", day=_day(first, shape), time=_time(first, shape))
        return f"{from_} – {until}"

    def moment(self, locale: str, zone: str, instant: datetime) -> str:
        """Spell date and time of an instant in a zone."""
        shape, local = _shape(locale), instant.astimezone(_zone(zone))
        return self.translate(locale, "{day}, {time}", day=_day(local, shape), time=_time(local, shape))

    def day(self, locale: str, zone: str, instant: datetime) -> str:
        """Spell the date, in a zone, of an instant."""
        return _day(instant.astimezone(_zone(zone)), _shape(locale))

    def zone_name(self, locale: str, zone: str, instant: datetime) -> str:
        """Name a zone as it is called at an instant, with its IANA name: summer and winter differ."""
        zone_info = _zone(zone)
        name = get_timezone_name(instant.astimezone(zone_info), width="long", locale=_shape(locale))
        return f"{name} ({zone_info.key})"

    def listed(self, locale: str, names: Sequence[str]) -> str:
        """Join names into a phrase."""
        return format_list(names, locale=_shape(locale))


def read_words(directory: Path = LOCALES) -> Words:
    """Read the catalogues of a directory; placeholders that differ from the message id's are a ValueError."""
    return Words({path.name: _catalogue(path) for path in sorted(directory.iterdir()) if path.is_dir()})


def _catalogue(directory: Path) -> Mapping[str, str]:
    found: dict[str, str] = {}
    with (directory / _FILE).open("rb") as file:
        for message in read_po(file, locale=directory.name, abort_invalid=True):
            msgid, translated = message.id, message.string
            if isinstance(msgid, str) and isinstance(translated, str) and msgid and translated:
                if _names(msgid) != _names(translated):
                    raise ValueError(f"{directory.name}: the placeholders differ in {msgid!r}")
                found[msgid] = translated
    return MappingProxyType(found)


def _names(sentence: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None)


@lru_cache(maxsize=1024)
def _wishes(accept_language: str) -> tuple[tuple[str, float], ...]:
    return tuple(_wish(part) for part in accept_language.split(","))


def _wish(part: str) -> tuple[str, float]:
    name, _, weight = part.partition(";q=")
    language = name.strip().partition("-")[0].lower()
    try:
        return language, float(weight or 1)
    except ValueError:
        return language, 0.0


@lru_cache(maxsize=64)
def _shape(locale: str) -> Locale:
    try:
        return Locale.parse(locale.replace("-", "_"))
    except (UnknownLocaleError, ValueError, TypeError):
        return Locale(ENGLISH)


def _zone(zone: str) -> ZoneInfo:
    """Give the zone, or UTC, which is then named, where a stored zone has left the tables since."""
    try:
        return ZoneInfo(zone)
    except (ValueError, OSError, KeyError):
        return ZoneInfo("UTC")


def _day(local: datetime, shape: Locale) -> str:
    return format_date(local, "full", locale=shape).translate(_SPACES)


def _time(local: datetime, shape: Locale) -> str:
    return format_time(local, "short", locale=shape).translate(_SPACES)
