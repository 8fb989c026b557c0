"""Sessions and API keys of mobile clients, which only read.

Revision: 0017, after 0013.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    for table in ("sessions", "api_keys"):
        op.add_column(
            table, sa.Column("is_mobile", sa.Boolean(), server_default=sa.text("false"), nullable=False)
        )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    for table in ("api_keys", "sessions"):
        op.drop_column(table, "is_mobile")
