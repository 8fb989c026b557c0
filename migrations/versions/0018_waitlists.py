"""Waitlists: queues for slots that are taken, and who waits in them.

Revision: 0018, after 0011.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.create_table(
        "waitlists",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("page_id", sa.Uuid(), nullable=False),
        sa.Column("start_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("length_minutes", sa.Integer(), nullable=False),
        sa.Column("hosts", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("length_minutes > 0", name=op.f("waitlists_lasts_check")),
        sa.ForeignKeyConstraint(
            ["organization_id", "page_id"],
            ["booking_pages.organization_id", "booking_pages.id"],
            name=op.f("waitlists_organization_id_page_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("waitlists_pkey")),
    )
    op.create_index(
        op.f("waitlists_organization_id_page_id_start_at_length_minutes_idx"),
        "waitlists",
        ["organization_id", "page_id", "start_at", "length_minutes"],
        unique=True,
    )
    op.create_index(
        "waitlists_open_idx", "waitlists", ["start_at"], postgresql_where=sa.text("ended_at IS NULL")
    )
    op.create_table(
        "waiters",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("waitlist_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("offered_seat", sa.Uuid(), nullable=True),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id", "waitlist_id"],
            ["waitlists.organization_id", "waitlists.id"],
            name=op.f("waiters_organization_id_waitlist_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "offered_seat"],
            ["invitees.organization_id", "invitees.id"],
            name=op.f("waiters_organization_id_offered_seat_fkey"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("waiters_pkey")),
        sa.UniqueConstraint("token_hash", name=op.f("waiters_token_hash_key")),
    )
    op.create_index(
        op.f("waiters_organization_id_waitlist_id_number_idx"),
        "waiters",
        ["organization_id", "waitlist_id", "number"],
        unique=True,
    )
    op.create_index(
        op.f("waiters_organization_id_offered_seat_idx"),
        "waiters",
        ["organization_id", "offered_seat"],
        unique=False,
    )
    op.create_index(
        "waiters_waiting_key",
        "waiters",
        ["organization_id", "waitlist_id", "person"],
        unique=True,
        postgresql_where=sa.text("left_at IS NULL AND offered_seat IS NULL"),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.drop_table("waiters")
    op.drop_table("waitlists")
