"""The tables of users and of what proves them. Secrets are stored as hashes only."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from storage.base import Base, within_organization


class UserRow(Base):
    """An account of a person; `email` is canonical, and unique among those who are in the organization."""

    __tablename__ = "users"
    __table_args__ = (
        UniqueConstraint("organization_id", "id"),
        Index(
            "users_present_key",
            "organization_id",
            "email",
            unique=True,
            postgresql_where=text("left_at IS NULL"),
        ),
        Index(
            "users_owner_key",
            "organization_id",
            unique=True,
            postgresql_where=text("role = 'owner' AND left_at IS NULL"),
        ),
        Index(None, "organization_id", "created_at"),
        CheckConstraint("role IN ('owner', 'administrator', 'member')", name="role_known"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    email: Mapped[str] = mapped_column(index=True)
    name: Mapped[str]
    handle: Mapped[str] = mapped_column(unique=True)
    zone: Mapped[str]
    locale: Mapped[str]
    role: Mapped[str]
    shares_availability: Mapped[bool]
    is_disabled: Mapped[bool]
    created_at: Mapped[datetime]
    signed_in_at: Mapped[datetime | None]
    left_at: Mapped[datetime | None]


class SignInCodeRow(Base):
    """A mailed code: works once, for ten minutes, for a few tries.

    One with a `link_id` proves the address of that link, and signs nobody in.
    """

    __tablename__ = "sign_in_codes"
    __table_args__ = (Index(None, "email", "created_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    email: Mapped[str]
    locale: Mapped[str]
    code_hash: Mapped[bytes]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    attempts: Mapped[int]
    consumed_at: Mapped[datetime | None]
    link_id: Mapped[UUID | None]


class SessionRow(Base):
    """A signed-in browser or program (D17); `proof` says how its user's address was proved."""

    __tablename__ = "sessions"
    __table_args__ = (CheckConstraint("proof IN ('mail', 'issuer')", name="proof_known"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    used_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    proof: Mapped[str | None]
    is_mobile: Mapped[bool] = mapped_column(server_default=text("false"))


class ApiKeyRow(Base):
    """A key for programs, with scopes and an end; `prefix` is what people see of it."""

    __tablename__ = "api_keys"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    name: Mapped[str]
    prefix: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    is_mobile: Mapped[bool] = mapped_column(server_default=text("false"))


class IdentityRow(Base):
    """An account at an OpenID issuer that signs a user in; nothing but the pair says whose it is."""

    __tablename__ = "identities"
    __table_args__ = (
        UniqueConstraint("issuer", "subject"),
        Index(None, "organization_id", "user_id"),
        within_organization("user_id", "users", ondelete="CASCADE"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    issuer: Mapped[str]
    subject: Mapped[str]
    organization_id: Mapped[UUID]
    user_id: Mapped[UUID]
    created_at: Mapped[datetime]


class SignInQuestionRow(Base):
    """A question to an issuer: works once, for ten minutes, in the browser that asked it.

    With `session_id` it links to that session's user. Once answered, what was proved waits in the last
    three columns for a sign-up; `email` only where the issuer has verified it.
    """

    __tablename__ = "sign_in_questions"
    __table_args__ = (Index(None, "ends_at"),)

    state_hash: Mapped[bytes] = mapped_column(primary_key=True)
    browser_hash: Mapped[bytes]
    provider: Mapped[str]
    nonce: Mapped[str]
    locale: Mapped[str]
    session_id: Mapped[UUID | None]
    ends_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    issuer: Mapped[str | None]
    subject: Mapped[str | None]
    email: Mapped[str | None]
