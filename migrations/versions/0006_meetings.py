"""Meetings that are made for bookings.

Revision: 0006, after 0005.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.create_table(
        "meetings",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("host_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=True),
        sa.Column("remote_id", sa.Text(), nullable=True),
        sa.Column("join_url", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("written_start", sa.DateTime(timezone=True), nullable=True),
        sa.Column("written_end", sa.DateTime(timezone=True), nullable=True),
        sa.Column("link_awaited", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('zoom_meeting', 'google_meet', 'teams')", name=op.f("meetings_kind_known_check")
        ),
        sa.CheckConstraint(
            "state IN ('pending', 'made', 'failed', 'removed')", name=op.f("meetings_state_known_check")
        ),
        sa.CheckConstraint(
            "state <> 'made' OR join_url IS NOT NULL", name=op.f("meetings_made_has_link_check")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "booking_id"],
            ["bookings.organization_id", "bookings.id"],
            name=op.f("meetings_organization_id_booking_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "host_id"],
            ["users.organization_id", "users.id"],
            name=op.f("meetings_organization_id_host_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "booking_id", name=op.f("meetings_pkey")),
    )
    op.create_index(
        "meetings_failed_idx",
        "meetings",
        ["organization_id", "host_id"],
        unique=False,
        postgresql_where=sa.text("state = 'failed'"),
    )


def downgrade() -> None:
    op.drop_table("meetings")
