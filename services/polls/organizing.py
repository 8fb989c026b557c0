"""Use cases of who organizes polls: open one, see and change it, ask and remind voters, delete it."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from domain.addresses import canonical, email_address, one_person
from domain.audit import Act
from domain.booking_pages import BookingPage
from domain.errors import Conflict, InvalidInput
from domain.ids import PageId, PollId, UserId, VoterId
from domain.paging import Paging, Part
from domain.poll_reactions import changed, on_invited, on_linked, on_reminded, on_settings
from domain.poll_results import results
from domain.polls import (
    MAX_INVITED,
    MAX_OPEN_POLLS,
    MAX_VOTERS,
    Poll,
    PollSettings,
    PollState,
    Voter,
    checked_name,
    checked_settings,
)
from domain.proposals import TimesNotFree
from domain.tokens import TokenKind, token_hash
from domain.users import DelegationScope, Scope, SignedIn, Viewer, signed_in
from domain.zones import zone
from services.access import acted, check_entitled, led_page, noted, own_poll, present
from services.bookings.choosing import locks_of
from services.bookings.desk import Desk
from services.polls.holding import Holding
from services.polls.looking import PollTimes, check_members
from services.polls.values import Invited, OpenedPoll, OpenPoll, OptionTime, OrganizedPoll, Picked
from storage.base import new_id
from storage.limits import Budget, Limits, WhenAway
from storage.poll_links import PollLink
from storage.unit import Reading, Unit

_LOCALES = ("en", "ja")
_KEPT = timedelta(days=90)
# Mails to strangers: each invitation is one, and each reminder one for everybody who has not voted.
INVITATIONS_PER_USER = Budget("poll-invitations", 1_000, 86_400, when_away=WhenAway.OPEN_LOCAL)
REMINDERS_PER_POLL = Budget("poll-reminders", 3, 86_400, when_away=WhenAway.OPEN_LOCAL)
# A deadline that moves takes its reminders along, each a mail to everybody who has not voted.
UPDATES_PER_POLL = Budget("poll-updates", 30, 86_400, when_away=WhenAway.OPEN_LOCAL)


class Organizing:
    """What the organizer of a poll does, or a delegate of theirs."""

    def __init__(
        self,
        desk: Desk,
        times: PollTimes,
        holding: Holding,
        limits: Limits,
    ) -> None:
        self._desk = desk
        self._times = times
        self._holding = holding
        self._limits = limits

    async def propose(
        self, viewer: Viewer, page_id: PageId, picked: Picked, members: Sequence[UserId]
    ) -> tuple[OptionTime, ...]:
        """Say how times are that a poll may offer, and what they would cost members; asked live.

        NotFound, InvalidInput, TooMany.
        """
        asker = signed_in(viewer, Scope.READ, DelegationScope.POLLS)
        options = picked.options(self._desk.clock(), asker.user.zone)
        async with self._desk.units.read() as unit:
            page = await led_page(unit, asker, page_id)
            await check_members(unit, asker, members, "members")
        return await self._times.of(asker, page, options, members)

    async def open(self, viewer: Viewer, command: OpenPoll) -> OpenedPoll:
        """Open a poll, ask who is to vote, and keep its times free where its organizer wants that.

        TimesNotFree where an option could not be booked now, unless busy times may be offered. Raises
        NotEntitled, NotFound, NotAllowed, InvalidInput, TooMany.
        """
        desk, asker = self._desk, signed_in(viewer, Scope.POLLS, DelegationScope.POLLS)
        now = desk.clock()
        options = command.picked.options(now, asker.user.zone)
        settings = checked_settings(command.settings, options[-1].start, now)
        poll = Poll(
            id=PollId(new_id()),
            organization_id=asker.organization_id,
            page_id=command.page_id,
            organizer_id=asker.user_id,
            settings=settings,
            zone=command.picked.zone or asker.user.zone,
            is_whole_days=bool(command.picked.days),
            options=options,
            version=1,
            revision=1,
            ballots=0,
            reminded=0,
            created_at=now,
        )
        async with desk.units.read() as reading:
            page = _active(await led_page(reading, asker, command.page_id))
            voters = await self._voters(reading, asker, poll, command.invited)
        if settings.closes_on_consensus and not any(voter.is_required for voter in voters):
            raise InvalidInput("Closing on consensus needs somebody who is required.", "closesOnConsensus")
        if settings.is_anonymous and settings.closes_on_consensus:
            raise InvalidInput("An anonymous poll is closed by hand.", "closesOnConsensus")
        if settings.is_anonymous and any(option.places for option in options):
            # Whoever takes the last place would be known by it.
            raise InvalidInput("An anonymous poll has no places.", "options", "places")
        members = [voter.user_id for voter in voters if voter.user_id]
        times = await self._times.of(asker, page, options, members)
        if not command.offers_busy and any(one.time.refusals for one in times):
            raise TimesNotFree(tuple(one.time for one in times))
        await self._invitations(asker, len(voters))
        locks = {*locks_of(page), asker.user_id} if settings.holds_times else ()
        async with desk.units.begin(locks) as unit:
            await unit.pages.lock_owner(asker.organization_id, asker.user_id)
            await check_entitled(unit, asker)
            await present(unit, asker)
            await led_page(unit, asker, command.page_id)
            if await unit.polls.count_open(asker.organization_id, asker.user_id) >= MAX_OPEN_POLLS:
                raise InvalidInput("You have as many open polls as one may have. Close some first.")
            link = desk.token_for(TokenKind.POLL, poll.id)
            own = desk.token_for(TokenKind.ORGANIZER, poll.id, 1)
            await unit.polls.add(poll, token_hash(link))
            await unit.poll_links.put(poll, PollLink(1, token_hash(own)))
            await self._add(unit, poll, voters)
            unit.follow((*on_settings(poll, (), unit.now), *on_linked(poll, 1, unit.now)))
            await noted(unit, asker, Act.POLL_OPENED, poll.id)
            if settings.holds_times:
                await self._holding.hold(unit, poll, page)
        # A delegate's right ends, and a key's: neither is given what would outlast it.
        is_in_person = asker.session_id is not None
        return OpenedPoll(OrganizedPoll(poll, voters, unit.now), link, times, own if is_in_person else None)

    async def update(
        self,
        viewer: Viewer,
        poll_id: PollId,
        change: Callable[[PollSettings], PollSettings],
        expected_version: int | None,
    ) -> OrganizedPoll:
        """Change what is said of a poll that is not closed; `change` is given its present settings.

        Raises NotFound, InvalidInput, TooMany, and Conflict where it is closed or of another version.
        """
        asker = signed_in(viewer, Scope.POLLS, DelegationScope.POLLS)
        async with self._desk.units.read() as reading:
            await own_poll(reading, asker, poll_id)
        await self._limits.take(UPDATES_PER_POLL, str(poll_id))
        async with self._desk.units.begin() as unit:
            before = await own_poll(unit, asker, poll_id, locks=True)
            if before.chosen or expected_version not in (None, before.version):
                raise Conflict("expectedVersion")
            wanted = change(before.settings)
            is_new = wanted.deadline != before.settings.deadline
            if is_new and before.settings.is_anonymous and before.state(unit.now) is PollState.OVER:
                # Its counts were seen: who sees them again after one more ballot would see how that was.
                raise InvalidInput("The counts of this poll are shown: nobody votes in it again.", "deadline")
            settings = checked_settings(wanted, before.options[-1].start, unit.now, is_new=is_new)
            poll = _next(replace(before, settings=settings))
            await unit.polls.save(before, poll)
            voters = tuple(await unit.polls.voters(poll))
            unit.record(changed(poll), on_settings(poll, voters, unit.now))
            await acted(unit, asker, Act.POLL_UPDATED, poll.id)
        return OrganizedPoll(poll, voters, unit.now)

    async def invite(self, viewer: Viewer, poll_id: PollId, invited: Sequence[Invited]) -> OrganizedPoll:
        """Ask more people to vote; who was asked before is not asked again.

        Raises NotFound, InvalidInput, TooMany, and PollEnded where nobody votes any more.
        """
        asker = signed_in(viewer, Scope.POLLS, DelegationScope.POLLS)
        async with self._desk.units.read() as reading:
            poll = await own_poll(reading, asker, poll_id)
            wanted = await self._voters(reading, asker, poll, invited)
        await self._invitations(asker, len(wanted))
        async with self._desk.units.begin() as unit:
            before = await own_poll(unit, asker, poll_id, locks=True)
            before.check_open(unit.now)
            there = await unit.polls.voters(before)
            # Whoever merely gave an address keeps nobody from being asked there.
            known = {
                one_person(voter.email): voter
                for voter in there
                if voter.email and (voter.is_invited or before.settings.asks_address)
            }
            new = tuple(voter for voter in wanted if one_person(voter.email or "") not in known)
            for voter in wanted:
                earlier = known.get(one_person(voter.email or ""))
                if earlier is not None and not earlier.is_invited:
                    asked = replace(earlier, is_invited=True, is_required=voter.is_required)
                    if not earlier.counts_in(before):  # whoever named that address has said the rest
                        asked = replace(asked, name=voter.name, zone=voter.zone, locale=voter.locale)
                        unit.follow(on_invited(before, [asked], unit.now))
                    await unit.polls.save_voter(before, asked)
            if len(there) + len(new) > MAX_VOTERS:
                raise InvalidInput("This poll has as many voters as one may have.", "voters")
            poll = replace(before, revision=before.revision + 1)
            await unit.polls.save(before, poll)
            await self._add(unit, poll, new)
            await acted(unit, asker, Act.POLL_INVITED, poll.id)
            voters = tuple(await unit.polls.voters(poll))
        return OrganizedPoll(poll, voters, unit.now)

    async def remind(self, viewer: Viewer, poll_id: PollId) -> tuple[OrganizedPoll, int]:
        """Remind those who were asked and have not voted, and say how many they are.

        Raises NotFound, TooMany, and PollEnded where nobody votes any more.
        """
        asker = signed_in(viewer, Scope.POLLS, DelegationScope.POLLS)
        async with self._desk.units.read() as reading:
            (await own_poll(reading, asker, poll_id)).check_open(reading.now)
        await self._limits.take(REMINDERS_PER_POLL, str(poll_id))
        async with self._desk.units.begin() as unit:
            before = await own_poll(unit, asker, poll_id, locks=True)
            before.check_open(unit.now)
            poll = replace(before, reminded=before.reminded + 1)
            await unit.polls.save(before, poll)
            voters = tuple(await unit.polls.voters(poll))
            reminded = on_reminded(poll, voters, unit.now)
            unit.follow(reminded)
            await acted(unit, asker, Act.POLL_REMINDED, poll.id)
        return OrganizedPoll(poll, voters, unit.now), len(reminded)

    async def delete(self, viewer: Viewer, poll_id: PollId) -> None:
        """Delete a poll with its ballots, and let go of its times; its booking stays. Raises NotFound."""
        asker = signed_in(viewer, Scope.POLLS, DelegationScope.POLLS)
        async with self._desk.units.read() as reading:
            seen = await own_poll(reading, asker, poll_id)
        async with self._desk.units.begin([seen.organizer_id]) as unit:
            poll = await own_poll(unit, asker, poll_id, locks=True)
            await self._holding.release(unit, poll)
            await unit.polls.delete(poll)
            unit.record(changed(poll))
            await noted(unit, asker, Act.POLL_DELETED, poll.id)

    async def by_id(self, viewer: Viewer, poll_id: PollId) -> OrganizedPoll:
        """Give a poll that the viewer organizes; NotFound."""
        asker = signed_in(viewer, Scope.READ, DelegationScope.POLLS)
        async with self._desk.units.read() as unit:
            return await organized(unit, await own_poll(unit, asker, poll_id))

    async def results(self, viewer: Viewer, poll_id: PollId) -> str:
        """Give the results of a poll that the viewer organizes, as CSV; NotFound."""
        seen = await self.by_id(viewer, poll_id)
        return results(seen.poll, seen.voters, seen.now)

    async def listed(self, viewer: Viewer, paging: Paging) -> tuple[Part[Poll], datetime]:
        """List the polls that the viewer organizes, oldest first, closed ones too; and say when that was."""
        asker = signed_in(viewer, Scope.READ, DelegationScope.POLLS)
        async with self._desk.units.read() as unit:
            return await unit.polls.of_organizer(asker.organization_id, asker.user_id, paging), unit.now

    async def forget(self) -> None:
        """Delete polls three months after their last option, with the addresses in them."""
        async with self._desk.units.begin() as unit:
            await unit.polls.forget(unit.now - _KEPT)

    async def _invitations(self, asker: SignedIn, count: int) -> None:
        if count:
            await self._limits.take(INVITATIONS_PER_USER, str(asker.user_id), amount=count)

    async def _add(self, unit: Unit, poll: Poll, voters: Iterable[Voter]) -> None:
        """Store who is asked to vote, and have them told."""
        new = tuple(voters)
        links = [(voter, token_hash(self._desk.token_for(TokenKind.BALLOT, voter.id))) for voter in new]
        await unit.polls.add_voters(poll, links, are_persons=True)
        unit.record(changed(poll), on_invited(poll, new, unit.now))

    async def _voters(
        self, unit: Reading, asker: SignedIn, poll: Poll, invited: Sequence[Invited]
    ) -> tuple[Voter, ...]:
        """Make voters of who is to be asked: each address once, members by their own; InvalidInput."""
        if len(invited) > MAX_INVITED:
            raise InvalidInput("At most 200 people can be asked at once.", "voters")
        members = [one.member for one in invited if one.member]
        await check_members(unit, asker, members, "voters", "memberId")
        users = await unit.users.by_ids(members)
        found: dict[str, Voter] = {}
        for one in invited:
            user = users.get(one.member) if one.member else None
            email = user.email if user else canonical(email_address(one.email, "voters", "email"))
            locale = user.locale if user else one.locale or asker.user.locale
            if locale not in _LOCALES:
                raise InvalidInput("The languages are en and ja.", "voters", "locale")
            zone_name = user.zone if user else one.zone or poll.zone
            zone(zone_name, "voters", "zone")
            person = one_person(email)
            if person in found:
                raise InvalidInput("Somebody is asked twice.", "voters")
            found[person] = Voter(
                id=_voter_id(poll, person),
                name=user.name if user else checked_name(one.name, "voters", "name"),
                email=email,
                zone=zone_name,
                locale=locale,
                is_invited=True,
                is_required=one.is_required,
                user_id=user.id if user else None,
            )
        return tuple(found.values())


async def organized(unit: Reading, poll: Poll) -> OrganizedPoll:
    """Give a poll with everybody who votes in it."""
    return OrganizedPoll(poll, tuple(await unit.polls.voters(poll)), unit.now)


def _voter_id(poll: Poll, person: str) -> VoterId:
    """Make the id of somebody who is asked: a hash, so that no order of ids says who came when (case 150)."""
    return VoterId(UUID(bytes=hashlib.sha256(poll.id.bytes + person.encode()).digest()[:16]))


def _active(page: BookingPage) -> BookingPage:
    if not page.is_active:
        raise InvalidInput("This page is not active: nothing is booked there.", "pageId")
    return page


def _next(poll: Poll) -> Poll:
    return replace(poll, version=poll.version + 1, revision=poll.revision + 1)
