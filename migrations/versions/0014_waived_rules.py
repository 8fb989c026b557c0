"""Rules of a page past which its host side booked the time of a booking, and who did.

Revision: 0014, after 0011.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.add_column("bookings", sa.Column("waived", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("bookings", sa.Column("waived_by", sa.Uuid(), nullable=True))
    op.create_check_constraint(
        op.f("bookings_waived_whole_check"), "bookings", "(waived IS NULL) = (waived_by IS NULL)"
    )
    op.create_foreign_key(
        op.f("bookings_organization_id_waived_by_fkey"),
        "bookings",
        "users",
        ["organization_id", "waived_by"],
        ["organization_id", "id"],
    )


def downgrade() -> None:
    op.drop_constraint(op.f("bookings_organization_id_waived_by_fkey"), "bookings", type_="foreignkey")
    op.drop_constraint(op.f("bookings_waived_whole_check"), "bookings", type_="check")
    for column in ("waived_by", "waived"):
        op.drop_column("bookings", column)
