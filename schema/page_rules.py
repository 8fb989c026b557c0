"""Rules of a booking page beyond time alone: its lengths, and on what a booking depends."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import strawberry
from strawberry import UNSET

from domain.booking_pages import BookingPage, Conditions
from schema.managed_pages import ManagedFields


@strawberry.type
class PageConditions:
    """What is shown of these settings of a page, or of a template."""

    page: strawberry.Private[BookingPage]

    @strawberry.field(description="Lengths that an invitee may choose instead of `durationMinutes`.")
    def other_lengths_minutes(self) -> list[int]:
        """Give the other lengths, shortest first."""
        return list(self.page.rules.other_lengths)

    @strawberry.field(
        description="Bookings that one invitee may have here that have not begun; null for any number."
    )
    def upcoming_per_invitee(self) -> int | None:
        """Give the cap per invitee."""
        return self.page.conditions.upcoming_per_invitee

    @strawberry.field(description="Bookings that may be made as one series; null for none.")
    def series_up_to(self) -> int | None:
        """Give the largest series."""
        return self.page.conditions.series_up_to

    @strawberry.field(
        description="Minutes that the host has to approve a booking; null where none needs approval."
    )
    def approval_minutes(self) -> int | None:
        """Give the time for an answer."""
        within = self.page.conditions.approval_within
        return None if within is None else within // _MINUTE

    @strawberry.field(
        description="Minutes that somebody who waits has to take a slot; null for no waitlists."
    )
    def waitlist_offer_minutes(self) -> int | None:
        """Give how long an offer lasts."""
        lasts = self.page.conditions.offer_lasts
        return None if lasts is None else lasts // _MINUTE


@strawberry.type
class PageRules(PageConditions, ManagedFields):
    """What an owner sees of these settings, and of who else has a say over them."""


@strawberry.input
class PageRulesInput:
    """What an owner says of these settings."""

    other_lengths_minutes: list[int] | None = strawberry.field(
        default=UNSET,
        description="All lengths that may be chosen instead of `durationMinutes`, 9 at most; none at first.",
    )
    upcoming_per_invitee: int | None = strawberry.field(
        default=UNSET,
        description="Bookings that one address may have here that have not begun; null for any number.",
    )
    series_up_to: int | None = strawberry.field(
        default=UNSET, description="Bookings that may be made as one series, 2 to 26; null for none."
    )
    approval_minutes: int | None = strawberry.field(
        default=UNSET,
        description="Minutes that the host has to approve a booking before it lapses; null for no approval.",
    )
    waitlist_offer_minutes: int | None = strawberry.field(
        default=UNSET,
        description="Minutes that somebody who waits for a slot has to take it once it is free, 5 to 2880; "
        "null for no waitlists.",
    )


_MINUTE = timedelta(minutes=1)
CONDITIONS = "conditions"


def said_rules(given: PageRulesInput) -> dict[str, Any]:
    """Read what was said, under the names of domain.page_settings.PageSettings.

    Conditions that were said stand under CONDITIONS by their own names: the others stay as they are.
    """
    said = {
        name: value
        for name, value in (
            ("upcoming_per_invitee", given.upcoming_per_invitee),
            ("series_up_to", given.series_up_to),
            ("approval_within", _minutes(given.approval_minutes)),
            ("offer_lasts", _minutes(given.waitlist_offer_minutes)),
        )
        if value is not UNSET
    }
    rules: dict[str, Any] = {CONDITIONS: said} if said else {}
    if given.other_lengths_minutes:
        rules["other_lengths"] = tuple(given.other_lengths_minutes)
    elif given.other_lengths_minutes is not None and given.other_lengths_minutes is not UNSET:
        rules["other_lengths"] = ()
    return rules


def _minutes(given: int | None) -> timedelta | None:
    return given if given is None or given is UNSET else timedelta(minutes=given)  # pyright: ignore[reportReturnType] -- UNSET stays what it is


def with_conditions(present: Conditions, said: dict[str, Any]) -> dict[str, Any]:
    """Put the conditions that were said into the present ones, and leave all else."""
    conditions: dict[str, Any] | None = said.get(CONDITIONS)
    return said if conditions is None else {**said, CONDITIONS: replace(present, **conditions)}
