"""What was left of rooms that are there: who was taken off a waitlist, public resources, their calendars.

And the links for which codes are mailed.

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
    op.add_column("sign_in_codes", sa.Column("link_id", sa.Uuid(), nullable=True))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("DELETE FROM sign_in_codes WHERE link_id IS NOT NULL")  # else they would sign in
    op.drop_column("sign_in_codes", "link_id")
    op.drop_index("resources_calendar_idx", table_name="resources")
    op.drop_column("resources", "calendar_id")
    op.drop_column("resources", "is_public")
    op.drop_column("waiters", "is_removed")
