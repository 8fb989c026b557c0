"""What was submitted by routing forms: answers sealed, where they led, and whether somebody booked there."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    and_,
    case,
    exists,
    func,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from domain.booking_pages import BookingPage
from domain.ids import InviteeId, OrganizationId, PageId, RoutingFormId, SubmissionId, TeamId
from domain.paging import Paging, Part, Place
from domain.routing_forms import Arrivals, Result, Submission, SubmissionFilter
from storage.base import Base, within_organization
from storage.paging import part_of, place_at
from storage.postgres import Connection, Record

_KEPT = timedelta(days=2 * 365)
_SHARED_OVER = timedelta(days=30)
_SENT_BEFORE = timedelta(days=1)  # who was sent on by a form that is deleted meanwhile may still book

# Of those who have such a page, the one to whom fewest were sent of late; nobody sees who else there is.
_CANDIDATE = """SELECT p.id FROM booking_pages AS p
    JOIN users AS u ON u.organization_id = p.organization_id AND u.id = p.owner_id AND NOT u.is_disabled
    WHERE p.organization_id = $1 AND p.slug = $2 AND p.is_active AND p.deleted_at IS NULL AND NOT p.is_secret
        AND ($3::uuid IS NULL OR EXISTS (SELECT FROM team_members AS t
            WHERE t.organization_id = $1 AND t.team_id = $3 AND t.user_id = u.id))
        AND ($4::text IS NULL OR EXISTS (SELECT FROM member_attributes AS a
            WHERE a.organization_id = $1 AND a.user_id = u.id AND a.name = $4
                AND a.spelled = ANY($5::text[])))
    ORDER BY (SELECT count(*) FROM submissions AS s
        WHERE s.organization_id = $1 AND s.page_id = p.id AND s.form_id = $6 AND s.created_at > $7), u.id
    LIMIT 1"""
_ERASE_OLD = """UPDATE submissions AS s SET answers_sealed = NULL, invitee_id = NULL FROM routing_forms AS f
    WHERE f.organization_id = s.organization_id AND f.id = s.form_id
        AND s.created_at <= $1::timestamptz - make_interval(days => f.keeps_days)
        AND (s.answers_sealed IS NOT NULL OR s.invitee_id IS NOT NULL)"""
_FORGET = "DELETE FROM submissions WHERE created_at <= $1"
_FORGET_OF_DELETED = """DELETE FROM submissions AS s USING routing_forms AS f
    WHERE f.organization_id = s.organization_id AND f.id = s.form_id AND f.deleted_at <= $1"""


class SubmissionRow(Base):
    """One filled-in form. What was answered is sealed, and goes; that somebody came by is counted longer."""

    __tablename__ = "submissions"
    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "id"),
        ForeignKeyConstraint(
            ["organization_id", "form_id", "version"],
            [
                "routing_form_versions.organization_id",
                "routing_form_versions.form_id",
                "routing_form_versions.number",
            ],
        ),
        within_organization("page_id", "booking_pages"),
        within_organization("invitee_id", "invitees", ondelete="SET NULL (invitee_id)"),
        CheckConstraint("result IN ('page', 'text', 'url')", name="result_known"),
        CheckConstraint("(result = 'page') = (page_id IS NOT NULL)", name="page_named"),
        CheckConstraint("(result = 'page') = (token_hash IS NOT NULL)", name="page_opened"),
        CheckConstraint("booked_at IS NULL OR page_id IS NOT NULL", name="booked_there"),
        CheckConstraint("rule IS NOT NULL OR NOT fell_back", name="fell_from"),
        Index(None, "organization_id", "form_id", "created_at"),
        Index(
            "submissions_page_idx",
            "organization_id",
            "page_id",
            "form_id",
            "created_at",
            postgresql_where=text("page_id IS NOT NULL"),
        ),
        Index(
            "submissions_invitee_idx",
            "organization_id",
            "invitee_id",
            postgresql_where=text("invitee_id IS NOT NULL"),
        ),
        Index(None, "created_at"),
    )

    organization_id: Mapped[UUID]
    id: Mapped[UUID]
    form_id: Mapped[UUID]
    version: Mapped[int]
    rule: Mapped[int | None]
    fell_back: Mapped[bool]
    result: Mapped[str]
    page_id: Mapped[UUID | None]
    answers_sealed: Mapped[bytes | None]
    token_hash: Mapped[bytes | None] = mapped_column(unique=True)
    invitee_id: Mapped[UUID | None]
    booked_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


_COLUMNS = (
    SubmissionRow.organization_id,
    SubmissionRow.id,
    SubmissionRow.form_id,
    SubmissionRow.version,
    SubmissionRow.rule,
    SubmissionRow.fell_back,
    SubmissionRow.result,
    SubmissionRow.page_id,
    SubmissionRow.answers_sealed,
    SubmissionRow.booked_at,
    SubmissionRow.created_at,
)


@dataclass(frozen=True, slots=True)
class StoredSubmission:
    """A submission whose answers are not opened yet; None is erased."""

    submission: Submission
    sealed: bytes | None = field(repr=False)


class Submissions:
    """Submissions, seen from one transaction."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def add(self, submission: Submission, sealed: bytes, token_hash: bytes | None) -> bool:
        """Store a new submission; False where one with its id is there already."""
        statement = (
            insert(SubmissionRow)
            .values(
                organization_id=submission.organization_id,
                id=submission.id,
                form_id=submission.form_id,
                version=submission.version,
                rule=submission.rule,
                fell_back=submission.fell_back,
                result=submission.result,
                page_id=submission.page_id,
                answers_sealed=sealed,
                token_hash=token_hash,
                created_at=submission.created_at,
            )
            .on_conflict_do_nothing(index_elements=["organization_id", "id"])
        )
        return (await self._connection.core.execute(statement)).rowcount == 1

    async def by_id(
        self, organization_id: OrganizationId, submission_id: SubmissionId
    ) -> StoredSubmission | None:
        """Find a submission."""
        statement = select(*_COLUMNS).where(_is(organization_id, submission_id))
        row = (await self._connection.core.execute(statement)).mappings().one_or_none()
        return _stored(row) if row else None

    async def of_form(
        self,
        organization_id: OrganizationId,
        form_id: RoutingFormId,
        wanted: SubmissionFilter,
        paging: Paging,
    ) -> Part[StoredSubmission]:
        """List a form's submissions, oldest first."""
        statement = select(*_COLUMNS).where(*_of_form(organization_id, form_id), *_wanted(wanted))
        key = (SubmissionRow.created_at, SubmissionRow.id)
        return await part_of(self._connection, statement, key, paging, _placed)

    async def arrivals(
        self, organization_id: OrganizationId, form_id: RoutingFormId, wanted: SubmissionFilter
    ) -> list[Arrivals]:
        """Count a form's submissions by where they led, the largest count first."""
        routed = func.count()
        statement = (
            select(SubmissionRow.result, SubmissionRow.page_id, routed, func.count(SubmissionRow.booked_at))
            .where(*_of_form(organization_id, form_id), *_wanted(wanted))
            .group_by(SubmissionRow.result, SubmissionRow.page_id)
            .order_by(routed.desc(), SubmissionRow.result, SubmissionRow.page_id)
        )
        rows = await self._connection.core.execute(statement)
        return [
            Arrivals(Result(result), PageId(page_id) if page_id else None, count, booked)
            for result, page_id, count, booked in rows
        ]

    async def candidate(
        self,
        organization_id: OrganizationId,
        form_id: RoutingFormId,
        page_slug: str,
        *,
        team_id: TeamId | None,
        attribute: str | None,
        values: Sequence[str],
    ) -> PageId | None:
        """Find the open page with a slug of somebody in a team, or with one of these values of an attribute.

        Values are spelled as they are compared. Of several it is the one to whom the form has sent fewest in
        the last 30 days; None where there is nobody.
        """
        since = self._now - _SHARED_OVER
        row = await self._connection.driver.fetchrow(
            _CANDIDATE, organization_id, page_slug, team_id, attribute, list(values), form_id, since
        )
        return PageId(row["id"]) if row else None

    async def is_of_page(self, token_hash: bytes, page: BookingPage) -> bool:
        """Say whether a secret is that of somebody who was sent to a page."""
        statement = select(exists().where(*_sent_to(token_hash, page)))
        return bool(await self._connection.core.scalar(statement))

    async def book(self, token_hash: bytes, page: BookingPage, invitee_id: InviteeId) -> None:
        """Note that who was sent to a page has booked there; a second booking changes nothing.

        Of whom the answers are erased, it is not said any more who they are.
        """
        is_erased = SubmissionRow.answers_sealed.is_(None)
        await self._connection.core.execute(
            update(SubmissionRow)
            .where(*_sent_to(token_hash, page), SubmissionRow.booked_at.is_(None))
            .values(booked_at=self._now, invitee_id=case((is_erased, None), else_=invitee_id))
        )

    async def erase(self, organization_id: OrganizationId, submission_id: SubmissionId) -> None:
        """Erase what was answered, and who it was that booked."""
        await self._connection.core.execute(
            update(SubmissionRow)
            .where(_is(organization_id, submission_id))
            .values(answers_sealed=None, invitee_id=None)
        )

    async def erase_these(
        self, organization_id: OrganizationId, submissions: Sequence[SubmissionId]
    ) -> list[SubmissionId]:
        """Do as `erase` with several, and name those whose answers were still there."""
        statement = (
            update(SubmissionRow)
            .where(
                SubmissionRow.organization_id == organization_id,
                SubmissionRow.id.in_(submissions),
                SubmissionRow.answers_sealed.is_not(None),
            )
            .values(answers_sealed=None, invitee_id=None)
            .returning(SubmissionRow.id)
        )
        return [SubmissionId(id_) for id_ in await self._connection.core.scalars(statement)]

    async def erase_all(self, organization_id: OrganizationId, forms: Sequence[RoutingFormId]) -> None:
        """Erase what was answered to these forms, by whomever."""
        await self._connection.core.execute(
            update(SubmissionRow)
            .where(SubmissionRow.organization_id == organization_id, SubmissionRow.form_id.in_(forms))
            .values(answers_sealed=None, invitee_id=None)
        )

    async def forget(self) -> None:
        """Erase answers that were kept for as long as their form says, and after two years what is left.

        Of a form that was deleted, nothing is left after a day.
        """
        await self._connection.driver.fetchrow(_ERASE_OLD, self._now)
        await self._connection.driver.fetchrow(_FORGET, self._now - _KEPT)
        await self._connection.driver.fetchrow(_FORGET_OF_DELETED, self._now - _SENT_BEFORE)


def _is(organization_id: OrganizationId, submission_id: SubmissionId) -> ColumnElement[bool]:
    return and_(SubmissionRow.organization_id == organization_id, SubmissionRow.id == submission_id)


def _of_form(organization_id: OrganizationId, form_id: RoutingFormId) -> tuple[ColumnElement[bool], ...]:
    return SubmissionRow.organization_id == organization_id, SubmissionRow.form_id == form_id


def _sent_to(token_hash: bytes, page: BookingPage) -> tuple[ColumnElement[bool], ...]:
    return (
        SubmissionRow.token_hash == token_hash,
        SubmissionRow.organization_id == page.organization_id,
        SubmissionRow.page_id == page.id,
    )


def _wanted(wanted: SubmissionFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.is_booked is not None:
        is_open = SubmissionRow.booked_at.is_(None)
        found.append(~is_open if wanted.is_booked else is_open)
    if wanted.result is not None:
        found.append(SubmissionRow.result == wanted.result)
    if wanted.since is not None:
        found.append(SubmissionRow.created_at >= wanted.since)
    if wanted.before is not None:
        found.append(SubmissionRow.created_at < wanted.before)
    if wanted.is_erased is not None:
        is_gone = SubmissionRow.answers_sealed.is_(None)
        found.append(is_gone if wanted.is_erased else ~is_gone)
    return found


def _placed(row: Record) -> tuple[StoredSubmission, Place]:
    return _stored(row), place_at(row, "created_at", "id")


def _stored(row: Record) -> StoredSubmission:
    submission = Submission(
        id=SubmissionId(row["id"]),
        organization_id=OrganizationId(row["organization_id"]),
        form_id=RoutingFormId(row["form_id"]),
        version=row["version"],
        rule=row["rule"],
        fell_back=row["fell_back"],
        result=Result(row["result"]),
        page_id=PageId(row["page_id"]) if row["page_id"] else None,
        answers=None,
        created_at=row["created_at"],
        booked_at=row["booked_at"],
    )
    return StoredSubmission(submission, row["answers_sealed"])
