"""A calendar of its own for a page, and connections found by their account over all organizations.

Revision: 0009, after 0007.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.add_column("booking_pages", sa.Column("calendar_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("booking_pages_organization_id_calendar_id_fkey"),
        "booking_pages",
        "calendars",
        ["organization_id", "calendar_id"],
        ["organization_id", "id"],
        ondelete="SET NULL (calendar_id)",
    )
    op.create_index(
        op.f("booking_pages_organization_id_calendar_id_idx"),
        "booking_pages",
        ["organization_id", "calendar_id"],
        unique=False,
    )
    op.create_index(
        "calendar_connections_account_idx",
        "calendar_connections",
        ["provider", "subject"],
        unique=False,
        postgresql_where=sa.text("subject IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index(
        "calendar_connections_account_idx",
        table_name="calendar_connections",
        postgresql_where=sa.text("subject IS NOT NULL"),
    )
    op.drop_index(op.f("booking_pages_organization_id_calendar_id_idx"), table_name="booking_pages")
    op.drop_constraint(
        op.f("booking_pages_organization_id_calendar_id_fkey"), "booking_pages", type_="foreignkey"
    )
    op.drop_column("booking_pages", "calendar_id")
