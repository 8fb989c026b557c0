"""Organizations of many: members who leave, invitations, teams, the audit log; an address in several.

Revision: 0010, after 0009.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.add_column(
        "organizations",
        sa.Column("add_ons", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    )
    op.add_column("users", sa.Column("signed_in_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("users", sa.Column("left_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_constraint("users_email_key", "users")
    op.create_index(op.f("users_email_idx"), "users", ["email"])
    op.create_index(op.f("users_organization_id_created_at_idx"), "users", ["organization_id", "created_at"])
    op.create_index(
        "users_present_key",
        "users",
        ["organization_id", "email"],
        unique=True,
        postgresql_where=sa.text("left_at IS NULL"),
    )
    op.create_index(
        "users_owner_key",
        "users",
        ["organization_id"],
        unique=True,
        postgresql_where=sa.text("role = 'owner' AND left_at IS NULL"),
    )
    op.add_column("sessions", sa.Column("proof", sa.Text(), nullable=True))
    op.create_check_constraint("proof_known", "sessions", "proof IN ('mail', 'issuer')")
    _create_invitations()
    _create_teams()
    _create_audit_log()


def _create_invitations() -> None:
    op.create_table(
        "invitations",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("invited_by", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "role IN ('administrator', 'member')", name=op.f("invitations_role_offered_check")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "invited_by"],
            ["users.organization_id", "users.id"],
            name=op.f("invitations_organization_id_invited_by_fkey"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("invitations_pkey")),
        sa.UniqueConstraint("token_hash", name=op.f("invitations_token_hash_key")),
    )
    op.create_index(
        op.f("invitations_organization_id_created_at_idx"), "invitations", ["organization_id", "created_at"]
    )
    op.create_index(
        "invitations_pending_key",
        "invitations",
        ["organization_id", "email"],
        unique=True,
        postgresql_where=sa.text("accepted_at IS NULL AND revoked_at IS NULL"),
    )


def _create_teams() -> None:
    op.create_table(
        "teams",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("teams_organization_id_fkey")
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("teams_pkey")),
        sa.UniqueConstraint("organization_id", "slug", name=op.f("teams_organization_id_slug_key")),
    )
    op.create_index(op.f("teams_organization_id_created_at_idx"), "teams", ["organization_id", "created_at"])
    op.create_table(
        "team_members",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("is_manager", sa.Boolean(), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "team_id"],
            ["teams.organization_id", "teams.id"],
            name=op.f("team_members_organization_id_team_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["users.organization_id", "users.id"],
            name=op.f("team_members_organization_id_user_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "team_id", "user_id", name=op.f("team_members_pkey")),
    )
    op.create_index(
        op.f("team_members_organization_id_user_id_idx"), "team_members", ["organization_id", "user_id"]
    )


def _create_audit_log() -> None:
    op.create_table(
        "audit_log",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("principal_id", sa.Uuid(), nullable=True),
        sa.Column("key_id", sa.Uuid(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("audit_log_organization_id_fkey")
        ),
        sa.PrimaryKeyConstraint("organization_id", "number", name=op.f("audit_log_pkey")),
    )
    op.create_table(
        "audit_heads",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("audit_heads_organization_id_fkey")
        ),
        sa.PrimaryKeyConstraint("organization_id", name=op.f("audit_heads_pkey")),
    )


def downgrade() -> None:
    for table in ("audit_heads", "audit_log", "team_members", "teams", "invitations"):
        op.drop_table(table)
    op.drop_constraint(op.f("sessions_proof_known_check"), "sessions")
    op.drop_column("sessions", "proof")
    for index in (
        "users_owner_key",
        "users_present_key",
        "users_organization_id_created_at_idx",
        "users_email_idx",
    ):
        op.drop_index(index, "users")
    # An address that has several accounts by now is asked to be one again: this step back then stops here.
    op.create_unique_constraint("users_email_key", "users", ["email"])
    op.drop_column("users", "left_at")
    op.drop_column("users", "signed_in_at")
    op.drop_column("organizations", "add_ons")
