"""What is asked of templates of booking pages, and what comes of it."""

from typing import Annotated

import strawberry
from strawberry import UNSET

from schema.booking_page_changes import ChangedPageInput, NewPageInput
from schema.errors import ConflictError, InvalidInputError, NotAllowedError, NotFoundError
from schema.managed_pages import PageFieldType
from schema.organizations import NotEntitledError
from schema.page_templates import AfterwardsType, PageTemplateType


@strawberry.input
class TemplateOptionsInput:
    """What is said of a template itself."""

    locked_fields: list[PageFieldType] | None = strawberry.field(
        default=UNSET, description="All settings that stay the template's on its pages; none at first."
    )
    is_for_whole_team: bool | None = strawberry.field(
        default=UNSET,
        description="Whether everybody in its team gets a page, and who comes into it; false at first.",
    )
    on_leaving: AfterwardsType | None = strawberry.field(
        default=UNSET,
        description="What becomes of the page of who goes out of the team, or where the team is deleted; "
        "`KEPT` at first.",
    )


@strawberry.input(description="Template to make, with the settings of its pages.")
class PageTemplateCreateInput(NewPageInput, TemplateOptionsInput):
    """What pageTemplateCreate takes."""

    team: strawberry.ID | None = strawberry.field(
        default=UNSET, description="Team for whose members it is, for good; anybody's if unsaid."
    )


@strawberry.input(description="Change of a template; what is unsaid stays.")
class PageTemplateUpdateInput(ChangedPageInput, TemplateOptionsInput):
    """What pageTemplateUpdate takes."""

    id: strawberry.ID = strawberry.field(description="Template to change.")
    expected_revision: int | None = strawberry.field(
        default=UNSET, description="Revision that was seen; another one is a conflict."
    )
    slug: str | None = strawberry.field(
        default=UNSET, description="Own part of the links of pages that are still to be made."
    )


@strawberry.input(description="Template to delete.")
class PageTemplateDeleteInput:
    """What pageTemplateDelete takes."""

    id: strawberry.ID = strawberry.field(description="Template to delete for good.")
    pages: AfterwardsType = strawberry.field(description="What becomes of its pages.")


@strawberry.input(description="Members who get a page from a template.")
class PageTemplateMembersAddInput:
    """What pageTemplateMembersAdd takes."""

    id: strawberry.ID = strawberry.field(description="Template.")
    member_ids: list[strawberry.ID] = strawberry.field(
        description="Ids of 1 to 100 users, of its team if it has one; who has a page from it keeps that."
    )


@strawberry.input(description="Members whose pages a template manages no more.")
class PageTemplateMembersRemoveInput:
    """What pageTemplateMembersRemove takes."""

    id: strawberry.ID = strawberry.field(description="Template.")
    member_ids: list[strawberry.ID] = strawberry.field(
        description="Ids of 1 to 100 users who have a page from it."
    )
    pages: AfterwardsType = strawberry.field(description="What becomes of their pages.")


@strawberry.type(description="Template that was made.")
class PageTemplateCreatePayload:
    """What comes of pageTemplateCreate."""

    page_template: PageTemplateType = strawberry.field(description="New template.")


@strawberry.type(description="Template as it is after the change.")
class PageTemplateUpdatePayload:
    """What comes of pageTemplateUpdate."""

    page_template: PageTemplateType = strawberry.field(description="Changed template.")


@strawberry.type(description="Template that was deleted.")
class PageTemplateDeletePayload:
    """What comes of pageTemplateDelete."""

    page_template_id: strawberry.ID = strawberry.field(description="Id of the deleted template.")


@strawberry.type(description="Template whose pages are more now.")
class PageTemplateMembersAddPayload:
    """What comes of pageTemplateMembersAdd."""

    page_template: PageTemplateType = strawberry.field(description="Template with its pages.")


@strawberry.type(description="Template whose pages are fewer now.")
class PageTemplateMembersRemovePayload:
    """What comes of pageTemplateMembersRemove."""

    page_template: PageTemplateType = strawberry.field(description="Template with its pages.")


PageTemplateCreateResult = Annotated[
    PageTemplateCreatePayload | NotEntitledError | InvalidInputError | NotFoundError | NotAllowedError,
    strawberry.union("PageTemplateCreateResult", description="New template, or why there is none."),
]
PageTemplateUpdateResult = Annotated[
    PageTemplateUpdatePayload | InvalidInputError | NotFoundError | NotAllowedError | ConflictError,
    strawberry.union("PageTemplateUpdateResult", description="Changed template, or why it is unchanged."),
]
PageTemplateDeleteResult = Annotated[
    PageTemplateDeletePayload | NotFoundError | NotAllowedError,
    strawberry.union("PageTemplateDeleteResult", description="Deleted template, or why it is still there."),
]
PageTemplateMembersAddResult = Annotated[
    PageTemplateMembersAddPayload | InvalidInputError | NotFoundError | NotAllowedError,
    strawberry.union("PageTemplateMembersAddResult", description="Template, or why nobody got a page."),
]
PageTemplateMembersRemoveResult = Annotated[
    PageTemplateMembersRemovePayload | InvalidInputError | NotFoundError | NotAllowedError,
    strawberry.union("PageTemplateMembersRemoveResult", description="Template, or why all stays as it is."),
]
