"""What the door asks of the rest of the house: who calls, in which context, and whether there is room."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, Self

from domain.delegation import NotDelegated
from domain.errors import RuleBroken
from domain.standing import Standing


class Transport(StrEnum):
    """How an operation came in."""

    HTTP = "http"
    WEBSOCKET = "websocket"
    SSE = "sse"


class Kind(StrEnum):
    """Kind of an operation."""

    QUERY = "query"
    MUTATION = "mutation"
    SUBSCRIPTION = "subscription"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who knocks, as the transport saw them; nothing here is proved yet.

    `authorization` is the header, or on a socket the word of the same name in `connection_init`;
    `ticket` exists only there. `session_cookie` is always None on a socket: a cookie never signs one
    in. `origin` is None for callers that are not pages. `locale` is the Accept-Language header as sent.
    `act_for` is the id of the user for whom the caller wants to act, as sent.
    """

    authorization: str | None = field(repr=False)
    session_cookie: str | None = field(repr=False)
    ip: str
    origin: str | None
    locale: str | None
    transport: Transport
    request_id: str
    ticket: str | None = field(default=None, repr=False)
    act_for: str | None = None


class SignedOut(RuleBroken):
    """The caller's credentials are wrong, or are no longer good."""

    code = "UNAUTHENTICATED"
    sentence = "You are not signed in, or not any more. Please sign in again."


class ServedElsewhere(SignedOut):
    """A caller whose organization's home is another region; `endpoint` is where it is served, if we know."""

    code = "WRONG_REGION"
    sentence = "Your organization is served in another region. Sign in there."

    def __init__(self, endpoint: str | None) -> None:
        super().__init__()
        self.endpoint = endpoint


class ActsForNobody(SignedOut):
    """A caller who does not act, or not any more, for whom they named: whoever that is, or is not."""

    code = NotDelegated.code
    sentence = NotDelegated.sentence


class OperationContext(Protocol):
    """Context of one operation, or of one event of a subscription."""

    @property
    def is_guest(self) -> bool:
        """Whether nobody is signed in; guests have the smaller limits."""
        ...

    @property
    def actor_key(self) -> str:
        """Name under which limits are counted; never a secret."""
        ...

    @property
    def rests_on(self) -> Sequence[Standing[Any] | None]:
        """What the answer of this operation follows from, as its resolvers said; None for the unwatched."""
        ...

    def say(self, broken: RuleBroken) -> str:
        """Say an expected error in the reader's language."""
        ...

    async def renewed(self) -> Self:
        """Make the context of the next operation or event: rights read again, fresh loaders.

        Raises SignedOut when the session, token or delegation behind it has ended.
        """
        ...


OpenContext = Callable[[Caller], Awaitable[OperationContext]]
"""Opens a caller's first context; raises SignedOut for credentials that are not good."""

Admit = Callable[[OperationContext, int, Kind], Awaitable[None]]
"""Charges an operation's cost to its actor; raises domain.errors.TooMany when the budget is used up."""
