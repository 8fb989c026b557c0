"""Cookie, bearer token, key or ticket to a viewer, for whom they act; and the context of one operation."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Self

from app.http.execution import (
    ActsForNobody,
    Caller,
    Kind,
    OperationContext,
    ServedElsewhere,
    SignedOut,
)
from app.words import Words
from domain.delegation import NotDelegated
from domain.errors import RuleBroken
from domain.identity import BadCredentials
from domain.ids import UserId
from domain.organizations import WrongRegion
from domain.standing import Standing
from domain.users import Guest, SignedIn, SignInNeeded, Viewer
from resolvers.loaders import LoaderSet
from schema.nodes import split_id
from services.all import Services
from storage.limits import Budget


@dataclass(frozen=True, slots=True)
class WebContext:
    """One operation's context, as the door and the resolvers see it."""

    viewer: Viewer
    services: Services
    loaders: LoaderSet
    locale: str
    words: Words
    rests_on: list[Standing[Any] | None] = field(default_factory=list[Standing[Any] | None])

    def rest_on(self, standing: Standing[Any] | None) -> None:
        """Note what the answer follows from."""
        self.rests_on.append(standing)

    @property
    def is_guest(self) -> bool:
        """Whether nobody is signed in."""
        return isinstance(self.viewer, Guest)

    @property
    def actor_key(self) -> str:
        """Name under which limits are counted: of a delegate, their own."""
        return self.viewer.ip if isinstance(self.viewer, Guest) else str(self.viewer.actor.id)

    def say(self, broken: RuleBroken) -> str:
        """Say an expected error in the reader's language."""
        return self.words.error(self.locale, broken)

    async def renewed(self) -> Self:
        """Read the viewer's rights again, and forget what was loaded; raises SignedOut."""
        viewer = self.viewer
        if isinstance(viewer, SignedIn):
            try:
                viewer = await self.services.delegation.renew(viewer)
            except NotDelegated:
                raise ActsForNobody from None
            except (BadCredentials, SignInNeeded):
                raise SignedOut from None
            except WrongRegion as wrong:
                raise ServedElsewhere(wrong.endpoint) from None
        return type(self)(viewer, self.services, LoaderSet(self.services), self.locale, self.words)


def context_opener(services: Services, words: Words) -> Callable[[Caller], Awaitable[OperationContext]]:
    """Make what opens a caller's context."""

    async def open_context(caller: Caller) -> OperationContext:
        try:
            if caller.ticket is not None:
                viewer: Viewer = await services.users.take_ticket(caller.ticket, caller.ip)
            else:
                viewer = await services.users.viewer_of(
                    caller.authorization, caller.session_cookie, caller.ip
                )
            if caller.act_for is not None:
                viewer = await services.delegation.act_for(viewer, _user_of(caller.act_for))
        except (BadCredentials, SignInNeeded):
            raise SignedOut from None
        except NotDelegated:
            raise ActsForNobody from None
        except WrongRegion as wrong:
            raise ServedElsewhere(wrong.endpoint) from None
        locale = words.negotiated(caller.locale or "")
        if isinstance(viewer, SignedIn) and caller.locale is None:
            locale = words.language(viewer.actor.locale)
        return WebContext(viewer, services, LoaderSet(services), locale, words)

    return open_context


def _user_of(global_id: str) -> UserId | None:
    """Read the id of a user; None for what is none."""
    parts = split_id(global_id)
    return UserId(parts[1]) if parts is not None and parts[0] == "User" else None


def charger(
    services: Services, *, guest_points: int, points: int
) -> Callable[[OperationContext, int, Kind], Awaitable[None]]:
    """Make what charges an operation's cost to its actor's points of the minute; it raises TooMany."""
    guests = Budget("points-guest", guest_points, per_seconds=60)
    users = Budget("points", points, per_seconds=60)

    async def admit(context: OperationContext, cost: int, kind: Kind) -> None:
        del kind
        budget = guests if context.is_guest else users
        await services.tabs.take(budget, context.actor_key, max(cost, 1))

    return admit
