"""How much one operation, one request and one socket may ask for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What one actor may ask for in one operation.

    Aliases and directives are counted as executed, so a fragment counts as often as it is spread.
    Repeats are fields of one selection that answer under one name: validation compares them in pairs.
    """

    body_bytes: int
    tokens: int
    mutations: int
    cost: int
    depth: int = 12
    aliases: int = 30
    directives: int = 50
    repeats: int = 50
    variables: int = 100
    variable_values: int = 2_000
    variable_depth: int = 12


GUEST_LIMITS = Limits(body_bytes=16_384, tokens=1_000, mutations=1, cost=1_000)
SIGNED_IN_LIMITS = Limits(body_bytes=65_536, tokens=2_000, mutations=5, cost=5_000)


@dataclass(frozen=True, slots=True)
class DoorRules:
    """Everything about the GraphQL door that an installation can choose; seconds where a name ends in _s.

    `allowed_origins` are whole origins like `https://book.example.com`; the installation's own public
    origin belongs to them where a proxy hides it. `*` lets any page ask as a guest. `introspection`
    also turns on suggestions for those who are signed in. `trusted_documents` may be named
    instead of sent; `guests_only_trusted` lets guests run no others. `outside_deadline_s` is for operations
    with a field that waits for somebody else's server.
    """

    session_cookie: str = "session"
    allowed_origins: frozenset[str] = frozenset()
    introspection: bool = False
    console: bool = False
    trusted_documents: tuple[str, ...] = ()
    guests_only_trusted: bool = False
    guest: Limits = GUEST_LIMITS
    signed_in: Limits = SIGNED_IN_LIMITS
    deadline_s: float = 5.0
    outside_deadline_s: float = 20.0
    body_s: float = 10.0
    socket_init_s: float = 10.0
    slow_reader_s: float = 10.0
    keep_alive_s: float = 12.0
    renewal_s: float = 30.0
    operations_per_socket: int = 10
    streams_per_actor: int = 5
    streams_per_address: int = 50
    streams_per_process: int = 10_000
    socket_message_burst: int = 100
    socket_messages_per_s: float = 20.0

    def limits_of(self, *, is_guest: bool) -> Limits:
        """Choose the limits of an actor."""
        return self.guest if is_guest else self.signed_in
