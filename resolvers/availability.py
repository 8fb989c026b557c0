"""Schedules over GraphQL: list, add, change, make default, remove."""

from typing import TypeVar

import strawberry
from strawberry import UNSET

from domain.ids import ScheduleId
from domain.schedules import NewSchedule, ScheduleChange
from resolvers.context import Given, Info
from schema.availability import (
    ScheduleCreateInput,
    ScheduleCreatePayload,
    ScheduleCreateResult,
    ScheduleDeleteInput,
    ScheduleDeletePayload,
    ScheduleDeleteResult,
    ScheduleType,
    ScheduleUpdateInput,
    ScheduleUpdatePayload,
    ScheduleUpdateResult,
    date_overrides,
    travels_of,
    weekly_windows,
)
from schema.nodes import id_of

V = TypeVar("V")


@strawberry.type
class AvailabilityQuery:
    """Questions about schedules."""

    @strawberry.field(description="Schedules of the viewer, oldest first; 100 at most.")
    async def schedules(self, info: Info) -> list[ScheduleType]:
        """List the viewer's schedules."""
        schedules = await info.context.services.schedules.own(info.context.viewer)
        return [ScheduleType.of(schedule) for schedule in schedules]


@strawberry.type
class AvailabilityMutation:
    """What can be done with schedules."""

    @strawberry.mutation(description="Add a schedule.")
    async def schedule_create(self, info: Info, input: Given[ScheduleCreateInput]) -> ScheduleCreateResult:
        """Add a schedule."""
        wanted = NewSchedule(
            input.name,
            input.zone,
            weekly_windows(input.weekly),
            date_overrides(input.overrides or ()),
            is_default=input.is_default or False,
            travels=travels_of(input.travels or ()),
        )
        schedule = await info.context.services.schedules.create(info.context.viewer, wanted)
        return ScheduleCreatePayload(schedule=ScheduleType.of(schedule))

    @strawberry.mutation(description="Change a schedule, or make it the default.")
    async def schedule_update(self, info: Info, input: Given[ScheduleUpdateInput]) -> ScheduleUpdateResult:
        """Change a schedule."""
        schedule = await info.context.services.schedules.update(
            info.context.viewer,
            ScheduleId(id_of("Schedule", input.id, "id")),
            _change(input),
            _said(input.expected_revision),
        )
        return ScheduleUpdatePayload(schedule=ScheduleType.of(schedule))

    @strawberry.mutation(description="Remove a schedule that is not the default and that no page uses.")
    async def schedule_delete(self, info: Info, input: Given[ScheduleDeleteInput]) -> ScheduleDeleteResult:
        """Remove a schedule."""
        schedule_id = ScheduleId(id_of("Schedule", input.id, "id"))
        await info.context.services.schedules.delete(info.context.viewer, schedule_id)
        return ScheduleDeletePayload(schedule_id=input.id)


def _said(value: V | None) -> V | None:
    return None if value is UNSET else value


def _change(given: ScheduleUpdateInput) -> ScheduleChange:
    weekly, overrides, travels = _said(given.weekly), _said(given.overrides), _said(given.travels)
    return ScheduleChange(
        name=_said(given.name),
        zone=_said(given.zone),
        weekly=None if weekly is None else weekly_windows(weekly),
        overrides=None if overrides is None else date_overrides(overrides),
        is_default=_said(given.is_default),
        travels=None if travels is None else travels_of(travels),
    )
