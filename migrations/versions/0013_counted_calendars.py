"""Calendars of a host that count on one page, and the order in which a provider names them.

Revision: 0013, after 0015.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.add_column("page_hosts", sa.Column("counted_calendars", postgresql.ARRAY(sa.Uuid()), nullable=True))
    op.create_check_constraint("calendars_named", "page_hosts", "cardinality(counted_calendars) > 0")
    op.add_column(
        "calendars", sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False)
    )
    op.create_index(
        "page_hosts_counted_idx",
        "page_hosts",
        ["organization_id", "host_id"],
        unique=False,
        postgresql_where=sa.text("counted_calendars IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index(
        "page_hosts_counted_idx",
        table_name="page_hosts",
        postgresql_where=sa.text("counted_calendars IS NOT NULL"),
    )
    op.drop_column("calendars", "position")
    op.drop_constraint(op.f("page_hosts_calendars_named_check"), "page_hosts", type_="check")
    op.drop_column("page_hosts", "counted_calendars")
