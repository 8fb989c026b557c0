"""Templates of booking pages over GraphQL."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any

import strawberry
from strawberry import UNSET

from domain.booking_pages import Conditions
from domain.errors import NotFound
from domain.ids import TeamId, TemplateId, UserId
from domain.page_settings import PageSettings
from domain.page_templates import Afterwards, PageField, PageManaged, TemplateSettings
from resolvers.answers import answer
from resolvers.context import Given, Info
from resolvers.users import said
from schema.booking_page_changes import said_settings
from schema.cost import paged
from schema.managed_pages import PageManagedError
from schema.nodes import id_of
from schema.page_rules import with_conditions
from schema.page_template_changes import (
    PageTemplateCreateInput,
    PageTemplateCreatePayload,
    PageTemplateCreateResult,
    PageTemplateDeleteInput,
    PageTemplateDeletePayload,
    PageTemplateDeleteResult,
    PageTemplateMembersAddInput,
    PageTemplateMembersAddPayload,
    PageTemplateMembersAddResult,
    PageTemplateMembersRemoveInput,
    PageTemplateMembersRemovePayload,
    PageTemplateMembersRemoveResult,
    PageTemplateUpdateInput,
    PageTemplateUpdatePayload,
    PageTemplateUpdateResult,
    TemplateOptionsInput,
)
from schema.page_templates import AfterwardsType, PageTemplateType
from schema.pagination import After, Before, Connection, First, Last, connection, paging_of

ANSWERS = (answer(PageManaged, PageManagedError, PageManagedError.of),)
OfTeam = Annotated[
    strawberry.ID | None,
    strawberry.argument(description="Team whose templates are asked for, for its managers; all if unsaid."),
]


@strawberry.type
class PageTemplatesQuery:
    """Questions about templates."""

    @strawberry.field(
        description="Templates of booking pages, oldest first: all for owner and administrators, those of "
        "a team for its managers; null where there is no such team.",
        directives=[paged()],
    )
    async def page_templates(
        self,
        info: Info,
        team: OfTeam = UNSET,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
    ) -> Connection[PageTemplateType] | None:
        """List templates."""
        part = paging_of(first, after, last, before)
        try:
            team_id = TeamId(id_of("Team", team)) if team else None
            found = await info.context.services.page_templates.listed(info.context.viewer, team_id, part)
        except NotFound:
            return None
        return connection(found, PageTemplateType.of)


@strawberry.type
class PageTemplatesMutation:
    """What those who keep templates can do with them."""

    @strawberry.mutation(
        description="Make a template of booking pages; for owner and administrators, and for managers of a "
        "team one for it."
    )
    async def page_template_create(
        self, info: Info, input: Given[PageTemplateCreateInput]
    ) -> PageTemplateCreateResult:
        """Make a template."""
        settings = PageSettings(**with_conditions(Conditions(), said_settings(input)))
        template = await info.context.services.page_templates.create(
            info.context.viewer,
            TemplateSettings(settings, **_said_options(input)),
            TeamId(id_of("Team", input.team, "team")) if input.team else None,
        )
        return PageTemplateCreatePayload(page_template=PageTemplateType.of(template))

    @strawberry.mutation(
        description="Change a template, and what it locks on all its pages at once; bookings stay."
    )
    async def page_template_update(
        self, info: Info, input: Given[PageTemplateUpdateInput]
    ) -> PageTemplateUpdateResult:
        """Change a template."""
        settings, options = said_settings(input), _said_options(input)
        template = await info.context.services.page_templates.update(
            info.context.viewer,
            _template_id(input.id),
            lambda present: replace(
                present,
                page=replace(present.page, **with_conditions(present.page.conditions, settings)),
                **options,
            ),
            said(input.expected_revision),
        )
        return PageTemplateUpdatePayload(page_template=PageTemplateType.of(template))

    @strawberry.mutation(description="Delete a template; its pages are their owners' alone then.")
    async def page_template_delete(
        self, info: Info, input: Given[PageTemplateDeleteInput]
    ) -> PageTemplateDeleteResult:
        """Delete a template."""
        await info.context.services.page_templates.delete(
            info.context.viewer, _template_id(input.id), _afterwards(input.pages)
        )
        return PageTemplateDeletePayload(page_template_id=input.id)

    @strawberry.mutation(description="Give members a page of their own from a template.")
    async def page_template_members_add(
        self, info: Info, input: Given[PageTemplateMembersAddInput]
    ) -> PageTemplateMembersAddResult:
        """Give members a page."""
        template = await info.context.services.page_templates.add_members(
            info.context.viewer, _template_id(input.id), _members(input.member_ids)
        )
        return PageTemplateMembersAddPayload(page_template=PageTemplateType.of(template))

    @strawberry.mutation(description="Let members have their pages from a template for themselves alone.")
    async def page_template_members_remove(
        self, info: Info, input: Given[PageTemplateMembersRemoveInput]
    ) -> PageTemplateMembersRemoveResult:
        """Take members off."""
        template = await info.context.services.page_templates.remove_members(
            info.context.viewer,
            _template_id(input.id),
            _members(input.member_ids),
            _afterwards(input.pages),
        )
        return PageTemplateMembersRemovePayload(page_template=PageTemplateType.of(template))


def _template_id(given: str) -> TemplateId:
    return TemplateId(id_of("PageTemplate", given, "id"))


def _members(given: Sequence[str]) -> list[UserId]:
    return [UserId(id_of("User", id_, "memberIds", str(number))) for number, id_ in enumerate(given)]


def _afterwards(given: AfterwardsType) -> Afterwards:
    return Afterwards(given.value)


def _said_options(given: TemplateOptionsInput) -> dict[str, Any]:
    """Read what was said of a template itself; null is as good as unsaid."""
    options: dict[str, Any] = {}
    if given.locked_fields is not UNSET and given.locked_fields is not None:
        options["locked"] = frozenset(PageField(field.value) for field in given.locked_fields)
    if given.is_for_whole_team is not UNSET and given.is_for_whole_team is not None:
        options["is_for_whole_team"] = given.is_for_whole_team
    if given.on_leaving:
        options["on_leaving"] = _afterwards(given.on_leaving)
    return options
