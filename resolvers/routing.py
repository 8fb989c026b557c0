"""Routing forms over GraphQL: fill one in and be sent on; make, change, remove, list and try one."""

from dataclasses import replace
from typing import Annotated

import strawberry
from strawberry import UNSET

from domain.errors import NotFound
from domain.ids import RoutingFormId
from domain.routing import NoDestination
from domain.routing_forms import FormSettings
from resolvers.answers import answer
from resolvers.context import Given, Info
from resolvers.users import said
from schema.booking_changes import AnswerInput
from schema.cost import paged
from schema.nodes import id_of
from schema.pagination import After, Before, Connection, First, Last, connection, paging_of
from schema.routing import (
    NoDestinationError,
    PublicRoutingFormType,
    RoutedType,
    RoutingExplanationType,
    RoutingFormType,
    TriedRuleType,
)
from schema.routing_changes import (
    RoutingFormCreateInput,
    RoutingFormCreatePayload,
    RoutingFormCreateResult,
    RoutingFormDeleteInput,
    RoutingFormDeletePayload,
    RoutingFormDeleteResult,
    RoutingFormUpdateInput,
    RoutingFormUpdatePayload,
    RoutingFormUpdateResult,
    SubmissionCreateInput,
    SubmissionCreatePayload,
    SubmissionCreateResult,
    said_destination,
    said_form,
)
from services.routing import Led, Submit

ANSWERS = (answer(NoDestination, NoDestinationError, NoDestinationError.of),)
Slug = Annotated[str, strawberry.argument(description="Link of the form, as `handle/form`.")]
FormOf = Annotated[strawberry.ID, strawberry.argument(description="Form of the viewer's.")]
Said = Annotated[list[AnswerInput], strawberry.argument(description="Answers that a visitor might give.")]


@strawberry.type
class RoutingQuery:
    """What can be asked of routing forms."""

    @strawberry.field(description="Routing form by its public link; null unless it is active.")
    async def routing_form(self, info: Info, slug: Slug) -> PublicRoutingFormType | None:
        """Open a form."""
        try:
            found = await info.context.services.routing.open(slug)
        except NotFound:
            return None
        return PublicRoutingFormType.of(found.form, found.owner)

    @strawberry.field(
        description="Routing forms of the viewer's, oldest first; inactive ones too.", directives=[paged()]
    )
    async def routing_forms(
        self,
        info: Info,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
    ) -> Connection[RoutingFormType]:
        """List forms."""
        part = await info.context.services.routing_forms.own(
            info.context.viewer, paging_of(first, after, last, before)
        )
        return connection(part, RoutingFormType.of)

    @strawberry.field(
        description="Where answers to a form of the viewer's would lead now, and why; nothing is stored."
    )
    async def explain_routing(
        self, info: Info, form_id: FormOf, answers: Said
    ) -> RoutingExplanationType | None:
        """Try a form."""
        try:
            found = await info.context.services.routing.explain(
                info.context.viewer,
                RoutingFormId(id_of("RoutingForm", form_id)),
                {given.key: tuple(given.values) for given in answers},
            )
        except NotFound:
            return None
        tried = enumerate(found.routed.tried)
        return RoutingExplanationType(
            rules=[TriedRuleType.of(one, is_taken=number == found.routed.rule) for number, one in tried],
            routed=_shown(found.led) if found.led else None,
            fell_back=found.led is not None and found.led.fell_back,
        )


@strawberry.type
class RoutingMutation:
    """What can be done with routing forms."""

    @strawberry.mutation(description="Submit a filled-in routing form, and be told where to go.")
    async def submission_create(
        self, info: Info, input: Given[SubmissionCreateInput]
    ) -> SubmissionCreateResult:
        """Submit."""
        answers = {given.key: tuple(given.values) for given in input.answers}
        command = Submit(input.slug, input.version, answers, input.idempotency_key)
        done = await info.context.services.routing.submit(info.context.viewer, command)
        return SubmissionCreatePayload(routed=_shown(done.led), secret=done.secret)

    @strawberry.mutation(description="Make a routing form.")
    async def routing_form_create(
        self, info: Info, input: Given[RoutingFormCreateInput]
    ) -> RoutingFormCreateResult:
        """Make a form."""
        otherwise = said_destination(input.otherwise, "otherwise")
        wanted = replace(FormSettings(input.slug, input.name, otherwise), **said_form(input))
        form = await info.context.services.routing_forms.create(info.context.viewer, wanted)
        return RoutingFormCreatePayload(routing_form=RoutingFormType.of(form))

    @strawberry.mutation(description="Change a routing form; what was submitted keeps the version it had.")
    async def routing_form_update(
        self, info: Info, input: Given[RoutingFormUpdateInput]
    ) -> RoutingFormUpdateResult:
        """Change a form."""
        changes = said_form(input)
        form = await info.context.services.routing_forms.update(
            info.context.viewer,
            RoutingFormId(id_of("RoutingForm", input.id, "id")),
            lambda settings: replace(settings, **changes),
            said(input.expected_revision),
        )
        return RoutingFormUpdatePayload(routing_form=RoutingFormType.of(form))

    @strawberry.mutation(description="Remove a routing form, and erase what was answered to it.")
    async def routing_form_delete(
        self, info: Info, input: Given[RoutingFormDeleteInput]
    ) -> RoutingFormDeleteResult:
        """Remove a form."""
        form_id = RoutingFormId(id_of("RoutingForm", input.id, "id"))
        await info.context.services.routing_forms.delete(info.context.viewer, form_id)
        return RoutingFormDeletePayload(routing_form_id=input.id)


def _shown(led: Led) -> RoutedType:
    slug = f"{led.page.owner.handle}/{led.page.page.slug}" if led.page else None
    return RoutedType.of(led.result, slug, led.text, led.url, led.carried)
