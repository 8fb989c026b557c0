"""The page of a booking as all its hosts see it, whoever owns it."""

from typing import Self

import strawberry

from domain.booking_pages import BookingPage
from schema.booking_pages import PageKindType, QuestionType
from schema.context import Info
from schema.nodes import global_id
from schema.users import HostType


@strawberry.type(
    name="BookedPage", description="Page of a booking: what everybody may see of it, and its id."
)
class BookedPageType:
    """What a host needs to know of a page of somebody else; its settings are its owner's affair."""

    page: strawberry.Private[BookingPage]
    page_id: strawberry.ID = strawberry.field(description="Page, by the id of its `BookingPage`.")
    name: str = strawberry.field(description="Name of the page.")
    description: str = strawberry.field(description="Owner's words about it.")
    kind: PageKindType = strawberry.field(description="How many book one slot.")
    questions: list[QuestionType] = strawberry.field(description="What is asked when booking, in order.")
    cancellation_policy: str = strawberry.field(description="Owner's words on what if one cannot come.")
    is_active: bool = strawberry.field(description="Whether anybody but its owner can see and book it.")

    @strawberry.field(description="Person who owns it; null if they are gone.")
    async def owner(self, info: Info) -> HostType | None:
        """Load the owner."""
        user = await info.context.loaders.users.load(self.page.owner_id)
        return HostType.of(user) if user else None

    @strawberry.field(description="Public link, as `handle/page`; null if it is not open to everybody.")
    async def link(self, info: Info) -> str | None:
        """Spell the link with the owner's present handle."""
        owner = await info.context.loaders.users.load(self.page.owner_id)
        is_open = owner and self.page.is_active and not self.page.is_secret
        return f"{owner.handle}/{self.page.slug}" if owner and is_open else None

    @classmethod
    def of(cls, page: BookingPage) -> Self:
        """Shape a page for a host of a booking."""
        return cls(
            page=page,
            page_id=global_id("BookingPage", page.id),
            name=page.name,
            description=page.description,
            kind=PageKindType(page.kind.value),
            questions=[QuestionType.of(question) for question in page.questions if question.is_enabled],
            cancellation_policy=page.cancellation_policy,
            is_active=page.is_active,
        )
