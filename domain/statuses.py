"""What a provider says of an entry besides its times, and which of it takes a host's time on a page (X07)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import NamedTuple, Self

from domain.ids import CalendarId
from domain.intervals import Span, intersect, merge


class BusyStatus(StrEnum):
    """As what an entry is marked in its calendar; one that is marked in a way unknown to us is busy."""

    BUSY = "busy"
    TENTATIVE = "tentative"
    WORKING_ELSEWHERE = "working_elsewhere"
    OUT_OF_OFFICE = "out_of_office"
    FREE = "free"


class Kind(NamedTuple):
    """A kind of entry: its status, and whether it lasts whole days."""

    status: BusyStatus
    is_all_day: bool = False


PLAIN = Kind(BusyStatus.BUSY)


class StatusRule(NamedTuple):
    """Which entries take a host's time on a page; those that are plainly busy always do.

    An entry of whole days takes it if both its status and `all_day` do, but one that is out of office by
    its status alone: Google knows no such entry of whole days, and nobody wants to be booked on a holiday.
    """

    free: bool = False
    tentative: bool = True
    working_elsewhere: bool = False
    out_of_office: bool = True
    all_day: bool = True

    def counts(self, kind: Kind) -> bool:
        """Say whether an entry of a kind takes time."""
        match kind.status:
            case BusyStatus.OUT_OF_OFFICE:
                return self.out_of_office
            case BusyStatus.FREE:
                is_counted = self.free
            case BusyStatus.TENTATIVE:
                is_counted = self.tentative
            case BusyStatus.WORKING_ELSEWHERE:
                is_counted = self.working_elsewhere
            case BusyStatus.BUSY:
                is_counted = True
        return is_counted and (self.all_day or not kind.is_all_day)


USUAL = StatusRule()
"""What counts on a page whose owner has said nothing, and what providers' own free-busy answers go by."""


@dataclass(frozen=True, slots=True)
class BusyTimes:
    """What entries take of somebody's time: for each kind, spans in order that neither touch nor overlap.

    They are whole UTC minutes; a minute of which a part is taken is taken. Nothing tells what takes it.
    """

    by_kind: Mapping[Kind, tuple[Span, ...]]

    @classmethod
    def of(
        cls, entries: Iterable[tuple[Kind, Span]], window: Span | None = None, *, by_status: bool = True
    ) -> Self:
        """Gather the times of entries, as far as they lie in a window.

        Without `by_status` those that usually count are told as plainly busy, and no others.
        """
        gathered: dict[Kind, list[Span]] = {}
        for kind, span in entries:
            if by_status:
                gathered.setdefault(kind, []).append(span)
            elif USUAL.counts(kind):
                gathered.setdefault(PLAIN, []).append(span)
        merged = ((kind, merge(spans)) for kind, spans in gathered.items())
        cut = ((kind, intersect(spans, [window]) if window else spans) for kind, spans in merged)
        return cls({kind: tuple(spans) for kind, spans in cut if spans})

    @classmethod
    def plain(cls, spans: Iterable[Span]) -> Self:
        """Take spans of which nothing more is known than that they are busy."""
        return cls.of((PLAIN, span) for span in spans)

    def within(self, window: Span) -> "BusyTimes":
        """Give what lies in a window."""
        cut = ((kind, tuple(intersect(spans, [window]))) for kind, spans in self.by_kind.items())
        return BusyTimes({kind: spans for kind, spans in cut if spans})

    def counted(self, rule: StatusRule = USUAL) -> tuple[Span, ...]:
        """Say when somebody is busy by a rule."""
        counted = [spans for kind, spans in self.by_kind.items() if rule.counts(kind)]
        return counted[0] if len(counted) == 1 else tuple(merge(chain.from_iterable(counted)))


BusyByCalendar = Mapping[CalendarId, BusyTimes]
"""What entries take in each calendar that was asked for: whoever looks takes those that count for them."""
