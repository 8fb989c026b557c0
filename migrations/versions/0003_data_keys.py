"""Each organization has data keys of its own, wrapped by a key that is not in the database.

Nothing is sealed anew here: values that a key of the ring sealed itself still open, and
`./slotgraph keys rotate` seals them by data keys. Going back loses the data keys, and with them whatever
was sealed since.

Revision: 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.create_table(
        "data_keys",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("kek_id", sa.Text(), nullable=False),
        sa.Column("reserved_seals", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("destroyed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(wrapped IS NULL) = (destroyed_at IS NOT NULL)", name=op.f("data_keys_destroyed_is_gone_check")
        ),
        sa.CheckConstraint(
            "destroyed_at IS NULL OR retired_at IS NOT NULL",
            name=op.f("data_keys_destroyed_is_retired_check"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("data_keys_organization_id_fkey")
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("data_keys_pkey")),
    )
    op.create_index(
        "data_keys_one_seals_idx",
        "data_keys",
        ["organization_id"],
        unique=True,
        postgresql_where=sa.text("retired_at IS NULL"),
    )
    op.create_index(
        "data_keys_kek_idx",
        "data_keys",
        ["kek_id"],
        unique=False,
        postgresql_where=sa.text("destroyed_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index(
        "data_keys_kek_idx", table_name="data_keys", postgresql_where=sa.text("destroyed_at IS NULL")
    )
    op.drop_index(
        "data_keys_one_seals_idx", table_name="data_keys", postgresql_where=sa.text("retired_at IS NULL")
    )
    op.drop_table("data_keys")
