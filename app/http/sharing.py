"""One execution and one text for all who follow the same: how an event reaches thousands of sockets.

A *group* is everybody on this process who follows the same source by the same document with the same
variables. When the source moves on, each step that its members have yet to see is run and written once,
and the same bytes go to all, each with the id that its socket chose. Nobody has a queue or a task: a
member is what they have seen. Who falls behind is passed over, and given one step to the newest state as
soon as they read again.

What is shared, and what is not, so that nobody is told what was meant for somebody else:

- only sources that are `Stepped`: what they tell depends on nothing but what was seen;
- only operations that are *alike* (`alike.py`): no field below the root can read the viewer;
- only guests: of somebody signed in, the rights are read again before each event, on the usual way;
- only sockets on a `Wire`, which says who is behind and takes a frame as it is.

The argument that says where a subscriber resumes does not part groups, if its variable says nothing else.
"""

import asyncio
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Protocol

import orjson

from app.http.alike import is_alike, lone_variable, root_field
from app.http.faults import tell_broken, tell_incident
from app.http.operations import Operations, Ready
from app.http.responses import dump
from app.http.wire import Wire, text_frame
from domain.errors import RuleBroken
from services.steps import Stepped

_LOOKED_AT = 1_000
_IN_A_ROW = 250  # frames after which others are served: some three milliseconds

Shared = Stepped[object]


class Listener(Protocol):
    """What a group asks of a socket."""

    @property
    def wire(self) -> Wire:
        """Give what frames are written to."""
        ...

    def note_behind(self, member: "Member") -> None:
        """Have the member told as soon as its socket is free again, and close the socket if that lasts."""
        ...

    def free_id(self, member: "Member") -> None:
        """Let the client use the member's id anew."""
        ...


class Member:
    """One subscription on one socket that is served with its group."""

    __slots__ = ("begins", "group", "id", "is_due", "listener", "seen", "wire")

    def __init__(self, listener: Listener, id_: str, group: "_Group", seen: object | None) -> None:
        self.listener = listener
        self.wire = listener.wire
        self.id = id_
        self.begins = b'{"id":' + dump(id_) + b',"type":"next","payload":'
        self.group: _Group | None = group
        self.seen = seen
        self.is_due = False

    def cancel(self) -> None:
        """Be told no more."""
        if self.group:
            self.group.part(self)

    def catch_up(self) -> None:
        """Be told what there is to tell by now."""
        if self.group:
            self.group.tell(self)


@dataclass(frozen=True, slots=True)
class _Said:
    """A step, run and written: the end of each member's message, and what is seen by it."""

    text: bytes
    seen: object
    is_last: bool


class Sharing:
    """The groups of one door."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations
        self._groups: dict[Hashable, _Group] = {}
        self._looked_at: dict[tuple[bytes, str | None], _Asked | None] = {}

    async def join(self, ready: Ready, source: Shared, listener: Listener, id_: str) -> Member | None:
        """Make a subscription a member of its group, which then closes the source; None if it has none.

        Raises what the source raises before its first event.
        """
        wish = self._wish(ready, source) if ready.context.is_guest else None
        if wish is None:
            return None
        try:
            seen = await source.begin()
        except BaseException:
            source.close()
            raise
        key = (wish, source.key)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = _Group(
                self._operations, ready, source, lambda: self._groups.pop(key, None)
            )
        else:
            source.close()
        return group.take(listener, id_, seen)

    def _wish(self, ready: Ready, source: Shared) -> Hashable | None:
        """Say what is asked for, apart from where it resumes; None for what cannot be shared."""
        asking = ready.planned
        key = asking.document.digest, asking.asked.operation_name
        if key not in self._looked_at:
            if len(self._looked_at) >= _LOOKED_AT:
                self._looked_at.clear()
            self._looked_at[key] = self._look(ready, source)
        asked = self._looked_at[key]
        if asked is None:
            return None
        variables = {
            name: value for name, value in asking.asked.variables.items() if name != asked.resumes_by
        }
        try:
            return *key, orjson.dumps(variables, option=orjson.OPT_SORT_KEYS)
        except TypeError:
            return None

    def _look(self, ready: Ready, source: Shared) -> "_Asked | None":
        document, operation = ready.planned.document.ast, ready.planned.operation.node
        field = root_field(operation)
        if field is None or not is_alike(self._operations.schema, document, operation):
            return None
        return _Asked(lone_variable(document, field, source.resumes_by))


@dataclass(frozen=True, slots=True)
class _Asked:
    """An operation that can be shared, and the variable that says nothing but where it resumes."""

    resumes_by: str | None


class _Group:
    """Everybody who is told the same."""

    def __init__(
        self, operations: Operations, ready: Ready, source: Shared, forget: Callable[[], object]
    ) -> None:
        self._operations = operations
        self._ready = ready  # its first member's; of a guest, and nothing that is run reads it
        self._source = source
        self._forget = forget
        self._members: set[Member] = set()
        self._due: list[Member] = []
        self._are_all_due = False
        self._telling: asyncio.Task[None] | None = None
        self._texts: dict[object | None, _Said | None] = {}  # of each step to the state `_now`, what is said
        self._now: object = None
        source.watch(self._tell_all)

    def take(self, listener: Listener, id_: str, seen: object | None) -> Member:
        """Take a member in, to be told what leads from what it has seen to the newest state."""
        member = Member(listener, id_, self, seen)
        self._members.add(member)
        self.tell(member)
        return member

    def part(self, member: Member) -> None:
        """Let a member go; with the last one the group ends."""
        member.group = None
        self._members.discard(member)
        if not self._members:
            self._forget()
            self._source.close()
            if self._telling:
                self._telling.cancel()

    def tell(self, member: Member) -> None:
        """Have one member told what is new to it."""
        if not member.is_due:
            member.is_due = True
            self._due.append(member)
            self._wake()

    def _tell_all(self) -> None:
        self._are_all_due = True
        self._wake()

    def _wake(self) -> None:
        if self._telling is None:
            self._telling = asyncio.create_task(self._tell())

    async def _tell(self) -> None:
        """Tell whoever is due until nobody is, and let others of the process have their turn in between."""
        try:
            while self._are_all_due or self._due:
                due = self._due
                for member in due:
                    member.is_due = False
                if self._are_all_due:
                    due = list(self._members)
                self._due, self._are_all_due = [], False
                for begin in range(0, len(due), _IN_A_ROW):
                    await self._tell_some(due[begin : begin + _IN_A_ROW])
                    await asyncio.sleep(0)
        except RuleBroken as broken:
            self._fail(dump([tell_broken(broken, self._ready.context)]))
        except Exception as error:  # noqa: BLE001  # the door: a source broke, and its members are told
            self._fail(dump([tell_incident(error)]))
        finally:
            self._telling = None

    async def _tell_some(self, members: list[Member]) -> None:
        if self._now is not self._source.now:
            self._now = self._source.now
            self._texts = {}
        for seen in {member.seen for member in members}:
            if seen not in self._texts:
                self._texts[seen] = await self._say(seen)
        for member in members:  # nothing waits from here on
            said = self._texts[member.seen]
            if said is None or member.group is not self:
                continue
            wire = member.wire
            if not wire.is_free:
                member.listener.note_behind(member)
                continue
            wire.write(text_frame(member.begins, said.text))
            member.seen = said.seen
            if said.is_last:
                self._end(member, b'{"id":' + dump(member.id) + b',"type":"complete"}')

    async def _say(self, seen: object | None) -> _Said | None:
        step = self._source.step(seen)
        if step is None:
            return None
        payload = await self._operations.event(self._ready, step.event)
        return _Said(payload + b"}", step.seen, step.is_last)

    def _fail(self, failures: bytes) -> None:
        for member in tuple(self._members):
            self._end(member, b'{"id":' + dump(member.id) + b',"type":"error","payload":' + failures + b"}")

    def _end(self, member: Member, message: bytes) -> None:
        """Tell a member its end; the id is free before the client hears of it and may use it anew."""
        self.part(member)
        member.listener.free_id(member)
        if member.wire.is_free:
            member.wire.write(text_frame(message))
