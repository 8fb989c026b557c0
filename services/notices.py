"""Notices: mails not about a seat, such as codes, invitations, and words about stand-ins and given pages.

As with what is told of bookings, the world is looked at in the moment of sending, and what is not so any more
is not sent.
"""

from collections.abc import Callable
from datetime import datetime
from types import MappingProxyType

from domain.calendars import ConnectionState
from domain.delegation import DelegationState
from domain.effects import Effect, EffectKind
from domain.ids import AbsenceId, ConnectionId, DelegationId, InvitationId, PageId, UserId, WaiterId
from domain.notifications import Audience, GivenPage, Reader, Telling
from domain.tokens import TokenKind, token_hash
from domain.waitlist import WaiterState
from integrations.ports import PostmanPort
from services.bookings import Desk
from services.invitations import Invitations
from services.mails.compose import Composer
from services.mails.delegation_letters import MailedDelegation
from services.mails.waiting_letters import WaitingFacts
from services.users import Users
from storage.unit import Units

_CODE_MINUTES = 10
_OF_WAITERS = MappingProxyType(
    {
        EffectKind.TELL_WAITING: (Telling.WAITING, WaiterState.WAITING),
        EffectKind.TELL_OFFERED: (Telling.OFFERED, WaiterState.OFFERED),
        EffectKind.TELL_REMOVED: (Telling.REMOVED, WaiterState.REMOVED),
    }
)


class Notices:
    """Sends what effects ask for; each says why not, if there is nothing to send. Raises ProviderFailed."""

    def __init__(
        self,
        units: Units,
        desk: Desk,
        users: Users,
        invitations: Invitations,
        composer: Composer,
        postman: PostmanPort,
        clock: Callable[[], datetime],
        public_url: str,
    ) -> None:
        self._units = units
        self._desk = desk
        self._users = users
        self._invitations = invitations
        self._composer = composer
        self._postman = postman
        self._clock = clock
        self._public_url = public_url.rstrip("/")

    async def send_code(self, effect: Effect) -> str | None:
        """Mail a sign-in code; say why not, where it was used or is too old. Raises ProviderFailed."""
        code = await self._users.code_for(effect.subject_id)
        if code is None:
            return "superseded"
        reader = Reader("", code.email, "UTC", code.locale, Audience.HOST)
        message = self._composer.sign_in_code(
            code.code, str(effect.subject_id), _CODE_MINUTES, reader, self._clock()
        )
        await self._postman.send(message, code.email)
        return None

    async def send_booking_code(self, effect: Effect) -> str | None:
        """Mail the code that proves an invitee's address; say why not. As `send_code`."""
        code = await self._users.code_for(effect.subject_id)
        async with self._units.read() as unit:
            link = (
                await unit.page_links.by_id(effect.organization_id, code.link_id)
                if code and code.link_id
                else None
            )
            page = await unit.pages.by_id(effect.organization_id, link.page_id) if link else None
        if code is None or page is None:
            return "superseded"
        reader = Reader("", code.email, "UTC", code.locale, Audience.INVITEE)
        message = self._composer.booking_code(
            code.code, str(effect.subject_id), _CODE_MINUTES, page.name, reader, self._clock()
        )
        await self._postman.send(message, code.email)
        return None

    async def invite(self, effect: Effect) -> str | None:
        """Mail an invitation; say why not, where it was ended or sent anew. Raises ProviderFailed."""
        mailed = await self._invitations.to_mail(
            effect.organization_id, InvitationId(effect.subject_id), effect.version
        )
        if mailed is None:
            return "superseded"
        invitation = mailed.invitation
        reader = Reader("", invitation.email, "UTC", invitation.locale, Audience.HOST)
        message = self._composer.invitation(
            mailed, f"{self._public_url}/invitation#{mailed.token}", reader, self._clock()
        )
        await self._postman.send(message, invitation.email)
        return None

    async def tell_waiter(self, effect: Effect) -> str | None:
        """Tell somebody where they stand in a queue; say why not, where they stand elsewhere. As `tell`."""
        telling, wanted = _OF_WAITERS[effect.kind]
        async with self._units.begin() as unit:
            waiter = await unit.waitlists.waiter(effect.organization_id, WaiterId(effect.subject_id))
            page = (
                await unit.pages.by_id(effect.organization_id, waiter.list.page_id, deleted=True)
                if waiter
                else None
            )
            if waiter is None or page is None:
                return "gone"
            if waiter.state(unit.now) is not wanted:
                return "superseded"
            link = self._desk.token_for(TokenKind.WAITER, waiter.id)
            await unit.waitlists.renew(waiter, token_hash(link))
        until = waiter.offer.until if waiter.offer else None
        facts = WaitingFacts(
            str(waiter.id), page.name, waiter.list.start, waiter.list.end, waiter.place(unit.now), until
        )
        reader = Reader(waiter.name, waiter.email, waiter.zone, waiter.locale, Audience.INVITEE)
        url = f"{self._public_url}/waiting#{link}"
        message = self._composer.waiting(telling, facts, url, reader, self._clock())
        await self._postman.send(message, waiter.email)
        return None

    async def tell_of_delegation(self, effect: Effect) -> str | None:
        """Ask a delegate, or tell a principal for whom somebody else gave leave; say why not. As `tell`.

        Who is invited by an address that nobody in the organization has is nobody, and gets no mail.
        """
        async with self._units.read() as unit:
            found = await unit.delegations.by_id(effect.organization_id, DelegationId(effect.subject_id))
            state = found.state(unit.now) if found else DelegationState.ENDED
            if found is None or state is DelegationState.ENDED:
                return "superseded"
            users = await unit.users.by_ids([found.principal_id, found.given_by])
            accounts = await unit.users.accounts(found.address)
        principal, giver = users[found.principal_id], users[found.given_by]
        own = [user for user in accounts if user.organization_id == effect.organization_id]
        delegate = own[0] if own and not own[0].is_disabled else None
        is_question = effect.kind is EffectKind.INVITE_DELEGATE
        to = delegate if is_question else principal
        if to is None:
            return "gone"
        if is_question and state is not DelegationState.INVITED:
            return "superseded"
        mailed = MailedDelegation(found, principal.name, giver.name, delegate.name if delegate else "")
        compose = self._composer.delegate_invitation if is_question else self._composer.delegated
        reader = Reader(to.name, to.email, to.zone, to.locale, Audience.HOST)
        message = compose(mailed, f"{self._public_url}/", reader, self._clock())
        await self._postman.send(message, reader.address)
        return None

    async def tell_of_stand_in(self, effect: Effect) -> str | None:
        """Ask who is to stand in, or tell whose absence it is that they do not; say why not. As `tell`.

        Who has left the organization is named nowhere any more.
        """
        is_question = effect.kind is EffectKind.ASK_STAND_IN
        async with self._units.read() as unit:
            found = await unit.absences.by_id(effect.organization_id, AbsenceId(effect.subject_id))
            if found is None or found.version != effect.version:
                return "superseded"
            ids = [found.user_id, *([found.stand_in.user_id] if found.stand_in else ())]
            users = await unit.users.by_ids(ids)
        host, colleague = users[found.user_id], users[ids[-1]] if found.stand_in else None
        to, other = (colleague, host) if is_question else (host, colleague)
        if to is None:
            return "superseded"
        if to.is_disabled or (other and other.is_disabled):
            return "gone"
        if found.is_over(unit.now):
            return "superseded"
        reader = Reader(to.name, to.email, to.zone, to.locale, Audience.HOST)
        compose = self._composer.stand_in_asked if is_question else self._composer.stand_in_declined
        message = compose(found, other.name if other else "", f"{self._public_url}/", reader, self._clock())
        await self._postman.send(message, reader.address)
        return None

    async def tell_of_ended_stand_in(self, effect: Effect) -> str | None:
        """Tell who had agreed to stand in for somebody that they need not, and for what they still do.

        The absence may be gone; what is left is read now. Say why not, as `tell`.
        """
        whose, recipient = UserId(effect.subject_id), UserId(effect.recipient_id)
        async with self._units.read() as unit:
            users = await unit.users.by_ids([whose, recipient])
            duties = await unit.absences.of_stand_in(effect.organization_id, recipient)
        host, to = users.get(whose), users.get(recipient)
        if host is None or to is None or to.is_disabled:
            return "gone"
        left = [one for one in duties if one.user_id == whose and one.is_duty(unit.now)]
        reader = Reader(to.name, to.email, to.zone, to.locale, Audience.HOST)
        key = f"{whose}.{effect.version}"
        message = self._composer.stand_in_over(
            left, host.name, key, f"{self._public_url}/", reader, self._clock()
        )
        await self._postman.send(message, reader.address)
        return None

    async def tell_of_page(self, effect: Effect) -> str | None:
        """Tell a member of a page that a template has made for them; say why not. As `tell`."""
        async with self._units.read() as unit:
            page = await unit.pages.by_id(effect.organization_id, PageId(effect.subject_id))
            if page is None or page.template_id is None:
                return "superseded"
            template = await unit.page_templates.by_id(page.organization_id, page.template_id)
            owner = await unit.users.by_id(page.organization_id, page.owner_id)
        if owner is None or owner.is_disabled:
            return "gone"
        team = template.team.settings.name if template and template.team else None
        given = GivenPage(page.id, page.name, f"{owner.handle}/{page.slug}", team, page.is_active)
        reader = Reader(owner.name, owner.email, owner.zone, owner.locale, Audience.HOST)
        message = self._composer.page_given(given, f"{self._public_url}/", reader, self._clock())
        await self._postman.send(message, reader.address)
        return None

    async def ask_to_reconnect(self, effect: Effect) -> str | None:
        """Tell a host that a calendar must be connected again; say why not, where it works. As `tell`."""
        async with self._units.read() as unit:
            linked = await unit.calendars.by_id(effect.organization_id, ConnectionId(effect.subject_id))
            host = await unit.users.by_id(effect.organization_id, UserId(effect.recipient_id))
        if linked is None or host is None:
            return "gone"
        connection = linked.connection
        if connection.state is not ConnectionState.NEEDS_RECONNECTION:
            return "superseded"
        reader = Reader(host.name, host.email, host.zone, host.locale, Audience.HOST)
        message = self._composer.reconnect(
            connection.label,
            f"{connection.id}.{effect.version}",
            f"{self._public_url}/connect",
            reader,
            self._clock(),
        )
        await self._postman.send(message, reader.address)
        return None
