"""Which entries in hosts' calendars take their time on a page, by what their provider calls them (X07)."""

from typing import Self

import strawberry
from strawberry import UNSET

from domain.statuses import USUAL, StatusRule


@strawberry.type(
    name="StatusRule",
    description="Which entries in the hosts' calendars take their time. What is plainly busy always does, and"
    " so does what a provider tells no status of: all that is busy at Zoom, or in a Google calendar that is"
    " not the host's own.",
)
class StatusRuleType:
    """Twin of domain.statuses.StatusRule."""

    free: bool = strawberry.field(description="Whether those that are marked free do.")
    tentative: bool = strawberry.field(description="Whether tentative ones do.")
    working_elsewhere: bool = strawberry.field(
        description="Whether those do that say where the host works (Microsoft, Google, feeds of Outlook)."
    )
    out_of_office: bool = strawberry.field(
        description="Whether those do that are marked out of office, also of whole days."
    )
    all_day: bool = strawberry.field(
        description="Whether those of whole days do, if their status does; out of office goes by its own."
    )

    @classmethod
    def of(cls, rule: StatusRule) -> Self:
        """Shape a rule."""
        return cls(
            free=rule.free,
            tentative=rule.tentative,
            working_elsewhere=rule.working_elsewhere,
            out_of_office=rule.out_of_office,
            all_day=rule.all_day,
        )


@strawberry.input(
    description="Which entries in the hosts' calendars take their time; what is unsaid is as usual."
)
class StatusRuleInput:
    """Twin of domain.statuses.StatusRule."""

    free: bool | None = strawberry.field(
        default=UNSET, description="Whether those that are marked free do; they usually do not."
    )
    tentative: bool | None = strawberry.field(
        default=UNSET, description="Whether tentative ones do; they usually do."
    )
    working_elsewhere: bool | None = strawberry.field(
        default=UNSET, description="Whether those do that say where the host works; they usually do not."
    )
    out_of_office: bool | None = strawberry.field(
        default=UNSET, description="Whether those do that are marked out of office; they usually do."
    )
    all_day: bool | None = strawberry.field(
        default=UNSET, description="Whether those of whole days do, if their status does; they usually do."
    )


def said_status_rule(given: StatusRuleInput) -> StatusRule:
    """Read a rule."""
    said = {name: getattr(given, name) for name in StatusRule._fields}
    return USUAL._replace(**{name: value for name, value in said.items() if isinstance(value, bool)})
