"""Routing forms: forms with their versions, what was submitted, and attributes of members.

Revision: 0022, after 0016.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.create_table(
        "routing_forms",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("keeps_days", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("keeps_days >= 1", name=op.f("routing_forms_kept_check")),
        sa.ForeignKeyConstraint(
            ["organization_id", "owner_id"],
            ["users.organization_id", "users.id"],
            name=op.f("routing_forms_organization_id_owner_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("routing_forms_pkey")),
        sa.UniqueConstraint(
            "organization_id",
            "owner_id",
            "slug",
            name=op.f("routing_forms_organization_id_owner_id_slug_key"),
        ),
    )
    op.create_index(
        op.f("routing_forms_organization_id_owner_id_created_at_idx"),
        "routing_forms",
        ["organization_id", "owner_id", "created_at"],
        unique=False,
    )
    op.create_table(
        "routing_form_versions",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("form_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("questions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("rules", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("otherwise", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "form_id"],
            ["routing_forms.organization_id", "routing_forms.id"],
            name=op.f("routing_form_versions_organization_id_form_id_fkey"),
        ),
        sa.PrimaryKeyConstraint(
            "organization_id", "form_id", "number", name=op.f("routing_form_versions_pkey")
        ),
    )
    op.create_table(
        "submissions",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("form_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rule", sa.Integer(), nullable=True),
        sa.Column("fell_back", sa.Boolean(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("page_id", sa.Uuid(), nullable=True),
        sa.Column("answers_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("token_hash", sa.LargeBinary(), nullable=True),
        sa.Column("invitee_id", sa.Uuid(), nullable=True),
        sa.Column("booked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("result IN ('page', 'text', 'url')", name=op.f("submissions_result_known_check")),
        sa.CheckConstraint(
            "(result = 'page') = (page_id IS NOT NULL)", name=op.f("submissions_page_named_check")
        ),
        sa.CheckConstraint(
            "(result = 'page') = (token_hash IS NOT NULL)", name=op.f("submissions_page_opened_check")
        ),
        sa.CheckConstraint(
            "booked_at IS NULL OR page_id IS NOT NULL", name=op.f("submissions_booked_there_check")
        ),
        sa.CheckConstraint("rule IS NOT NULL OR NOT fell_back", name=op.f("submissions_fell_from_check")),
        sa.ForeignKeyConstraint(
            ["organization_id", "form_id", "version"],
            [
                "routing_form_versions.organization_id",
                "routing_form_versions.form_id",
                "routing_form_versions.number",
            ],
            name=op.f("submissions_organization_id_form_id_version_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "page_id"],
            ["booking_pages.organization_id", "booking_pages.id"],
            name=op.f("submissions_organization_id_page_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "invitee_id"],
            ["invitees.organization_id", "invitees.id"],
            name=op.f("submissions_organization_id_invitee_id_fkey"),
            ondelete="SET NULL (invitee_id)",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("submissions_pkey")),
        sa.UniqueConstraint("token_hash", name=op.f("submissions_token_hash_key")),
    )
    op.create_index(
        op.f("submissions_organization_id_form_id_created_at_idx"),
        "submissions",
        ["organization_id", "form_id", "created_at"],
        unique=False,
    )
    op.create_index(
        "submissions_page_idx",
        "submissions",
        ["organization_id", "page_id", "form_id", "created_at"],
        unique=False,
        postgresql_where=sa.text("page_id IS NOT NULL"),
    )
    op.create_index(
        "submissions_invitee_idx",
        "submissions",
        ["organization_id", "invitee_id"],
        unique=False,
        postgresql_where=sa.text("invitee_id IS NOT NULL"),
    )
    op.create_index(op.f("submissions_created_at_idx"), "submissions", ["created_at"], unique=False)
    op.create_table(
        "member_attributes",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("spelled", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["users.organization_id", "users.id"],
            name=op.f("member_attributes_organization_id_user_id_fkey"),
        ),
        sa.PrimaryKeyConstraint(
            "organization_id", "user_id", "name", "spelled", name=op.f("member_attributes_pkey")
        ),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.drop_table("member_attributes")
    op.drop_table("submissions")
    op.drop_table("routing_form_versions")
    op.drop_table("routing_forms")
