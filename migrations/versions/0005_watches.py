"""Watches of calendars, looks at them, and what a look found: where hosts' hands moved entries of ours.

Every new column may be empty or has a constant default, so that no table is rewritten.

Revision: 0005, after 0004.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.create_table(
        "watches",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("calendar_url", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("remote_id", sa.Text(), nullable=True),
        sa.Column("resource_id", sa.Text(), nullable=True),
        sa.Column("token_hash", sa.LargeBinary(), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('opening', 'live', 'ending')", name=op.f("watches_state_known_check")),
        sa.ForeignKeyConstraint(
            ["organization_id", "connection_id"],
            ["calendar_connections.organization_id", "calendar_connections.id"],
            name=op.f("watches_organization_id_connection_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("watches_pkey")),
    )
    for state in ("live", "opening"):
        op.create_index(
            f"watches_one_{state}_idx",
            "watches",
            ["organization_id", "connection_id", "calendar_url"],
            unique=True,
            postgresql_where=sa.text(f"state = '{state}'"),
        )
    op.create_index(
        op.f("watches_provider_remote_id_idx"), "watches", ["provider", "remote_id"], unique=False
    )
    op.create_index(op.f("watches_due_at_idx"), "watches", ["due_at"], unique=False)
    op.create_table(
        "looks",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("calendar_url", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("look_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("whole_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_touched", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "connection_id"],
            ["calendar_connections.organization_id", "calendar_connections.id"],
            name=op.f("looks_organization_id_connection_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("looks_pkey")),
        sa.UniqueConstraint(
            "organization_id",
            "connection_id",
            "calendar_url",
            name=op.f("looks_organization_id_connection_id_calendar_url_key"),
        ),
    )
    op.add_column("entries", sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("entries", sa.Column("drift", sa.Text(), nullable=True))
    op.add_column("entries", sa.Column("drift_start", sa.DateTime(timezone=True), nullable=True))
    op.add_column("entries", sa.Column("drift_end", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        op.f("entries_organization_id_connection_id_idx"),
        "entries",
        ["organization_id", "connection_id"],
        unique=False,
    )
    op.create_index(
        "calendars_remote_url_idx", "calendars", ["remote_url"], unique=False, postgresql_using="hash"
    )
    op.add_column(
        "calendar_connections", sa.Column("unheard_since", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column(
        "booking_pages",
        sa.Column("follows_calendar", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )


def downgrade() -> None:
    op.drop_column("booking_pages", "follows_calendar")
    op.drop_column("calendar_connections", "unheard_since")
    op.drop_index("calendars_remote_url_idx", table_name="calendars", postgresql_using="hash")
    op.drop_index(op.f("entries_organization_id_connection_id_idx"), table_name="entries")
    for column in ("drift_end", "drift_start", "drift", "checked_at"):
        op.drop_column("entries", column)
    op.drop_table("looks")
    op.drop_table("watches")
