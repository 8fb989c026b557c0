"""Indexes for the seats of a booking, and for the meetings that are over.

Without them both are found by reading all seats of an organization, and all bookings there are.

Revision: 0002, after 0001.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.create_index(
        op.f("invitees_organization_id_booking_id_idx"),
        "invitees",
        ["organization_id", "booking_id"],
        unique=False,
    )
    op.create_index(
        "bookings_over_idx",
        "bookings",
        [sa.literal_column("upper(during)")],
        unique=False,
        postgresql_where=sa.text("state = 'confirmed'"),
    )


def downgrade() -> None:
    op.drop_index("bookings_over_idx", table_name="bookings", postgresql_where=sa.text("state = 'confirmed'"))
    op.drop_index(op.f("invitees_organization_id_booking_id_idx"), table_name="invitees")
