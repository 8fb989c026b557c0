"""Rules of availability: travels of a schedule, absences, conditions of a page, series of bookings.

Revision: 0012, after 0010.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.add_column(
        "schedules",
        sa.Column(
            "travels",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
    )
    op.create_table(
        "absences",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("first_date", sa.Date(), nullable=False),
        sa.Column("last_date", sa.Date(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("first_date <= last_date", name=op.f("absences_dates_in_order_check")),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["users.organization_id", "users.id"],
            name=op.f("absences_organization_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("absences_pkey")),
    )
    op.create_index(
        op.f("absences_organization_id_user_id_idx"), "absences", ["organization_id", "user_id"], unique=False
    )
    op.add_column(
        "booking_pages",
        sa.Column(
            "conditions",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
    )
    op.add_column("bookings", sa.Column("series_id", sa.Uuid(), nullable=True))
    op.create_index(
        "bookings_series_idx",
        "bookings",
        ["organization_id", "series_id"],
        unique=False,
        postgresql_where=sa.text("series_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("bookings_series_idx", table_name="bookings")
    op.drop_column("bookings", "series_id")
    op.drop_column("booking_pages", "conditions")
    op.drop_table("absences")
    op.drop_column("schedules", "travels")
