"""What users grant us at their providers: consents under way, turning secrets, endings; where entries stand.

Every new column may be empty or has a constant default, so that no table is rewritten.

Revision: 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.add_column("calendar_connections", sa.Column("subject", sa.Text(), nullable=True))
    op.add_column(
        "calendar_connections",
        sa.Column("missing", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    )
    op.add_column(
        "calendar_connections",
        sa.Column("secret_version", sa.Integer(), server_default=sa.text("0"), nullable=False),
    )
    op.add_column("calendar_connections", sa.Column("renewal_id", sa.Uuid(), nullable=True))
    op.add_column(
        "calendar_connections", sa.Column("renewal_until", sa.DateTime(timezone=True), nullable=True)
    )
    op.create_index(
        "calendar_connections_one_grant_idx",
        "calendar_connections",
        ["organization_id", "user_id", "provider", "subject"],
        unique=True,
        postgresql_where=sa.text("subject IS NOT NULL AND state <> 'disconnected'"),
    )
    op.create_table(
        "consents",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("state_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=True),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["users.organization_id", "users.id"],
            name=op.f("consents_organization_id_user_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "state_hash", name=op.f("consents_pkey")),
    )
    op.create_index(op.f("consents_ends_at_idx"), "consents", ["ends_at"], unique=False)
    op.create_table(
        "grant_endings",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("grant_endings_pkey")),
    )
    op.create_index(op.f("grant_endings_created_at_idx"), "grant_endings", ["created_at"], unique=False)
    op.add_column("entries", sa.Column("remote_id", sa.Text(), nullable=True))
    op.add_column("entries", sa.Column("written_start", sa.DateTime(timezone=True), nullable=True))
    op.add_column("entries", sa.Column("written_end", sa.DateTime(timezone=True), nullable=True))
    op.add_column("entries", sa.Column("written_texts", sa.Text(), nullable=True))


def downgrade() -> None:
    for column in ("written_texts", "written_end", "written_start", "remote_id"):
        op.drop_column("entries", column)
    op.drop_table("grant_endings")
    op.drop_table("consents")
    op.drop_index(
        "calendar_connections_one_grant_idx",
        table_name="calendar_connections",
        postgresql_where=sa.text("subject IS NOT NULL AND state <> 'disconnected'"),
    )
    for column in ("renewal_until", "renewal_id", "secret_version", "missing", "subject"):
        op.drop_column("calendar_connections", column)
