"""What was left of rooms that are there: who was taken off a waitlist, public resources, their calendars.

Revision: 0020, after 0016.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.add_column("waiters", sa.Column("is_removed", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column(
        "resources", sa.Column("is_public", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("resources", sa.Column("calendar_id", sa.Uuid(), nullable=True))
    op.create_index(
        "resources_calendar_idx",
        "resources",
        ["organization_id", "calendar_id"],
        postgresql_where=sa.text("calendar_id IS NOT NULL AND deleted_at IS NULL"),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.drop_index("resources_calendar_idx", table_name="resources")
    op.drop_column("resources", "calendar_id")
    op.drop_column("resources", "is_public")
    op.drop_column("waiters", "is_removed")
