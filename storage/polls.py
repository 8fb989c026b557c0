"""Polls: stored with the hash of their link, found by it, voted in, closed; and who votes in them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, func, insert, or_, select, update

from domain.addresses import one_person
from domain.ids import BookingId, OrganizationId, PageId, PollId, UserId, VoterId
from domain.paging import Paging, Part, Place
from domain.polls import BallotAnswer, Chosen, Option, Poll, PollSettings, Visibility, Voter
from storage.base import Base
from storage.paging import part_of, place_at
from storage.poll_rows import BallotAnswerRow, PollHoldRow, PollOptionRow, PollRow, VoterRow
from storage.poll_voters import said_of, voter_of
from storage.postgres import Connection, Record

_MINUTE = timedelta(minutes=1)
_RECOUNT = """UPDATE poll_options AS o SET yes = c.yes, if_need_be = c.if_need_be
    FROM unnest($3::int[], $4::int[], $5::int[]) AS c (number, yes, if_need_be)
    WHERE o.organization_id = $1 AND o.poll_id = $2 AND o.number = c.number"""


class Polls:
    """Polls, seen from one transaction."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def add(self, poll: Poll, token_hash: bytes) -> None:
        """Store a new poll with its options."""
        await self._connection.core.execute(
            insert(PollRow).values(
                organization_id=poll.organization_id,
                id=poll.id,
                page_id=poll.page_id,
                organizer_id=poll.organizer_id,
                token_hash=token_hash,
                zone=poll.zone,
                is_whole_days=poll.is_whole_days,
                created_at=poll.created_at,
                ends_at=max(option.end for option in poll.options),
                **_values(poll),
            )
        )
        rows = [
            {
                "organization_id": poll.organization_id,
                "poll_id": poll.id,
                "number": option.number,
                "start_at": option.start,
                "end_at": option.end,
                "places": option.places,
                "yes": 0,
                "if_need_be": 0,
            }
            for option in poll.options
        ]
        await self._connection.core.execute(insert(PollOptionRow), rows)

    async def by_id(
        self, organization_id: OrganizationId, poll_id: PollId, *, locks: bool = False
    ) -> Poll | None:
        """Find a poll; with `locks`, nobody else votes in it or changes it until the unit ends."""
        return await self._one(_is(PollRow, organization_id, poll_id), locks=locks)

    async def by_link(self, token_hash: bytes) -> Poll | None:
        """Find a poll by the secret of its link."""
        return await self._one(PollRow.token_hash == token_hash)

    async def by_ballot(self, token_hash: bytes) -> tuple[Poll, VoterId] | None:
        """Find a poll, and who votes in it, by the secret of a voter's own link."""
        statement = select(VoterRow.organization_id, VoterRow.poll_id, VoterRow.id).where(
            VoterRow.token_hash == token_hash
        )
        row = (await self._connection.core.execute(statement)).mappings().one_or_none()
        if row is None:
            return None
        poll = await self.by_id(OrganizationId(row["organization_id"]), PollId(row["poll_id"]))
        return (poll, VoterId(row["id"])) if poll else None

    async def of_organizer(
        self, organization_id: OrganizationId, user_id: UserId, paging: Paging
    ) -> Part[Poll]:
        """List the polls that somebody organizes, oldest first."""
        statement = select(PollRow.__table__).where(
            PollRow.organization_id == organization_id, PollRow.organizer_id == user_id
        )
        rows: Part[Record] = await part_of(
            self._connection, statement, (PollRow.created_at, PollRow.id), paging, _placed
        )
        options = await self._options(organization_id, [row["id"] for row in rows.items])
        polls = [_poll(row, options[row["id"]]) for row in rows.items]
        return Part(polls, rows.places, rows.has_next, rows.has_previous)

    async def count_open(self, organization_id: OrganizationId, user_id: UserId) -> int:
        """Count the polls of somebody's that are not closed and whose options are not all past."""
        statement = select(func.count()).where(
            PollRow.organization_id == organization_id,
            PollRow.organizer_id == user_id,
            PollRow.closed_at.is_(None),
            PollRow.ends_at > self._now,
        )
        return (await self._connection.core.execute(statement)).scalar_one()

    async def save(self, before: Poll, after: Poll) -> None:
        """Store a change of a poll that the caller has locked, with what its options count."""
        await self._connection.core.execute(
            update(PollRow).where(_is(PollRow, after.organization_id, after.id)).values(**_values(after))
        )
        pairs = zip(before.options, after.options, strict=True)
        recounted = [option for was, option in pairs if was != option]
        if recounted:
            counts = zip(
                *((option.number, option.yes, option.if_need_be) for option in recounted), strict=True
            )
            key = after.organization_id, after.id
            await self._connection.driver.fetchrow(_RECOUNT, *key, *map(list, counts))

    async def delete(self, poll: Poll) -> None:
        """Delete a poll with its ballots and the addresses in it."""
        await self._connection.core.execute(
            delete(PollRow).where(_is(PollRow, poll.organization_id, poll.id))
        )

    async def forget(self, before: datetime) -> None:
        """Delete polls whose last option ended before an instant."""
        await self._connection.core.execute(delete(PollRow).where(PollRow.ends_at < before))

    async def voters(self, poll: Poll, *, required: bool = False) -> list[Voter]:
        """List who votes in a poll or is asked to, by their ids, which follow no order of time.

        With `required` those alone who have to come.
        """
        return await self._listed(poll, VoterRow.is_required.is_(True) if required else None)

    async def known(self, poll: Poll, ids: Collection[VoterId], people: Collection[str]) -> list[Voter]:
        """List the voters of a poll with these ids, or who were invited at these addresses, or prove them."""
        return await self._listed(poll, or_(VoterRow.id.in_(ids), VoterRow.person.in_(people)))

    async def _listed(self, poll: Poll, condition: ColumnElement[bool] | None) -> list[Voter]:
        statement = select(VoterRow.__table__).where(
            VoterRow.organization_id == poll.organization_id, VoterRow.poll_id == poll.id
        )
        if condition is not None:
            statement = statement.where(condition)
        rows = (await self._connection.core.execute(statement.order_by(VoterRow.id))).mappings().all()
        conditions = [
            BallotAnswerRow.organization_id == poll.organization_id,
            BallotAnswerRow.poll_id == poll.id,
        ]
        if condition is not None:
            conditions.append(BallotAnswerRow.voter_id.in_([row["id"] for row in rows]))
        answers = await self._answers(*conditions)
        return [voter_of(row, answers[row["id"]]) for row in rows]

    async def voter(self, poll: Poll, voter_id: VoterId) -> Voter | None:
        """Find a voter of a poll."""
        return await self._voter(poll, VoterRow.id == voter_id)

    async def of_voter(self, organization_id: OrganizationId, voter_id: VoterId) -> tuple[Poll, Voter] | None:
        """Find a voter with their poll."""
        statement = select(VoterRow.poll_id).where(_is(VoterRow, organization_id, voter_id))
        poll_id = (await self._connection.core.execute(statement)).scalar_one_or_none()
        poll = await self.by_id(organization_id, PollId(poll_id)) if poll_id else None
        voter = await self.voter(poll, voter_id) if poll else None
        return (poll, voter) if poll and voter else None

    async def count_voters(self, poll: Poll) -> int:
        """Count who votes in a poll or is asked to."""
        statement = select(func.count()).where(
            VoterRow.organization_id == poll.organization_id, VoterRow.poll_id == poll.id
        )
        return (await self._connection.core.execute(statement)).scalar_one()

    async def add_voters(
        self, poll: Poll, voters: Iterable[tuple[Voter, bytes]], *, are_persons: bool
    ) -> None:
        """Store new voters with the hashes of their links; as persons, each address has one ballot."""
        rows = [
            {
                "organization_id": poll.organization_id,
                "id": voter.id,
                "poll_id": poll.id,
                "email": voter.email,
                "person": one_person(voter.email) if are_persons and voter.email else None,
                "user_id": voter.user_id,
                "token_hash": token_hash,
                **said_of(voter),
            }
            for voter, token_hash in voters
        ]
        if rows:
            await self._connection.core.execute(insert(VoterRow), rows)

    async def save_voter(self, poll: Poll, voter: Voter) -> None:
        """Store a voter's ballot, in place of the one before."""
        ours = _is(VoterRow, poll.organization_id, voter.id)
        await self._connection.core.execute(update(VoterRow).where(ours).values(**said_of(voter)))
        await self._connection.core.execute(
            delete(BallotAnswerRow).where(
                BallotAnswerRow.organization_id == poll.organization_id, BallotAnswerRow.voter_id == voter.id
            )
        )
        await self.add_answers(poll, [voter])

    async def add_answers(self, poll: Poll, voters: Iterable[Voter]) -> None:
        """Store what new voters said of options."""
        rows = [
            {
                "organization_id": poll.organization_id,
                "voter_id": voter.id,
                "poll_id": poll.id,
                "number": number,
                "answer": answer,
            }
            for voter in voters
            for number, answer in (voter.answers or {}).items()
        ]
        if rows:
            await self._connection.core.execute(insert(BallotAnswerRow), rows)

    async def renew(self, poll: Poll, voter_id: VoterId, token_hash: bytes) -> None:
        """Let the link of a mail work, also when the link key has changed since the voter was stored."""
        await self._connection.core.execute(
            update(VoterRow)
            .where(_is(VoterRow, poll.organization_id, voter_id))
            .values(token_hash=token_hash)
        )

    async def note_holds(self, poll: Poll, bookings: Iterable[BookingId]) -> None:
        """Note the bookings that keep the times of a poll."""
        rows = [
            {"organization_id": poll.organization_id, "poll_id": poll.id, "booking_id": booking}
            for booking in bookings
        ]
        if rows:
            await self._connection.core.execute(insert(PollHoldRow), rows)

    async def take_holds(self, poll: Poll) -> list[BookingId]:
        """Give the bookings that keep the times of a poll, of which it has none any more."""
        statement = (
            delete(PollHoldRow)
            .where(PollHoldRow.organization_id == poll.organization_id, PollHoldRow.poll_id == poll.id)
            .returning(PollHoldRow.booking_id)
        )
        return [BookingId(id_) for id_ in (await self._connection.core.execute(statement)).scalars()]

    async def _one(self, condition: ColumnElement[bool], *, locks: bool = False) -> Poll | None:
        statement = select(PollRow.__table__).where(condition)
        found = await self._connection.core.execute(statement.with_for_update() if locks else statement)
        row = found.mappings().one_or_none()
        if row is None:
            return None
        options = await self._options(OrganizationId(row["organization_id"]), [row["id"]])
        return _poll(row, options[row["id"]])

    async def _options(
        self, organization_id: OrganizationId, polls: Sequence[UUID]
    ) -> Mapping[UUID, list[Option]]:
        statement = (
            select(PollOptionRow.__table__)
            .where(PollOptionRow.organization_id == organization_id, PollOptionRow.poll_id.in_(polls))
            .order_by(PollOptionRow.poll_id, PollOptionRow.number)
        )
        options: defaultdict[UUID, list[Option]] = defaultdict(list)
        for row in (await self._connection.core.execute(statement)).mappings():
            options[row["poll_id"]].append(
                Option(
                    row["number"],
                    row["start_at"],
                    row["end_at"],
                    row["places"],
                    row["yes"],
                    row["if_need_be"],
                )
            )
        return options

    async def _voter(self, poll: Poll, condition: ColumnElement[bool]) -> Voter | None:
        statement = select(VoterRow.__table__).where(
            VoterRow.organization_id == poll.organization_id, VoterRow.poll_id == poll.id, condition
        )
        row = (await self._connection.core.execute(statement)).mappings().one_or_none()
        if row is None:
            return None
        answers = await self._answers(
            BallotAnswerRow.organization_id == poll.organization_id, BallotAnswerRow.voter_id == row["id"]
        )
        return voter_of(row, answers[row["id"]])

    async def _answers(self, *conditions: ColumnElement[bool]) -> Mapping[UUID, dict[int, BallotAnswer]]:
        statement = select(BallotAnswerRow.voter_id, BallotAnswerRow.number, BallotAnswerRow.answer)
        answers: defaultdict[UUID, dict[int, BallotAnswer]] = defaultdict(dict)
        for voter, number, answer in await self._connection.core.execute(statement.where(*conditions)):
            answers[voter][number] = BallotAnswer(answer)
        return answers


def _is(table: type[Base], organization_id: OrganizationId, id_: UUID) -> ColumnElement[bool]:
    columns = table.__table__.c
    return and_(columns.organization_id == organization_id, columns.id == id_)


def _values(poll: Poll) -> dict[str, object]:
    """Give the columns that change."""
    settings, chosen = poll.settings, poll.chosen
    return {
        "title": settings.title,
        "description": settings.description,
        "deadline": settings.deadline,
        "visibility": settings.visibility,
        "is_anonymous": settings.is_anonymous,
        "asks_address": settings.asks_address,
        "undo_minutes": settings.undo_within // _MINUTE,
        "holds_times": settings.holds_times,
        "closes_on_consensus": settings.closes_on_consensus,
        "reminders_minutes": [lead // _MINUTE for lead in settings.reminders],
        "version": poll.version,
        "revision": poll.revision,
        "ballots": poll.ballots,
        "reminded": poll.reminded,
        "closed_at": chosen.at if chosen else None,
        "announced_at": chosen.announced_at if chosen else None,
        "chosen": chosen.number if chosen else None,
        "booking_id": chosen.booking_id if chosen else None,
    }


def _placed(row: Record) -> tuple[Record, Place]:
    return row, place_at(row, "created_at", "id")


def _poll(row: Record, options: Sequence[Option]) -> Poll:
    booking = row["booking_id"]
    chosen = None
    if row["closed_at"] is not None:
        chosen = Chosen(
            row["closed_at"], row["announced_at"], row["chosen"], BookingId(booking) if booking else None
        )
    return Poll(
        id=PollId(row["id"]),
        organization_id=OrganizationId(row["organization_id"]),
        page_id=PageId(row["page_id"]),
        organizer_id=UserId(row["organizer_id"]),
        settings=PollSettings(
            title=row["title"],
            description=row["description"],
            deadline=row["deadline"],
            visibility=Visibility(row["visibility"]),
            is_anonymous=row["is_anonymous"],
            asks_address=row["asks_address"],
            undo_within=row["undo_minutes"] * _MINUTE,
            holds_times=row["holds_times"],
            closes_on_consensus=row["closes_on_consensus"],
            reminders=tuple(minutes * _MINUTE for minutes in row["reminders_minutes"]),
        ),
        zone=row["zone"],
        is_whole_days=row["is_whole_days"],
        options=tuple(options),
        version=row["version"],
        revision=row["revision"],
        ballots=row["ballots"],
        reminded=row["reminded"],
        created_at=row["created_at"],
        chosen=chosen,
    )
