"""Templates of booking pages, and which template manages a page.

Revision: 0019, after 0016.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.create_table(
        "page_templates",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("locked", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("is_for_whole_team", sa.Boolean(), nullable=False),
        sa.Column("on_leaving", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "on_leaving IN ('kept', 'deactivated')", name=op.f("page_templates_on_leaving_known_check")
        ),
        sa.CheckConstraint(
            "team_id IS NOT NULL OR NOT is_for_whole_team", name=op.f("page_templates_team_named_check")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("page_templates_organization_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "team_id"],
            ["teams.organization_id", "teams.id"],
            name=op.f("page_templates_organization_id_team_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("page_templates_pkey")),
    )
    op.create_index(
        op.f("page_templates_organization_id_created_at_idx"),
        "page_templates",
        ["organization_id", "created_at"],
        unique=False,
    )
    op.create_index(
        op.f("page_templates_organization_id_team_id_idx"),
        "page_templates",
        ["organization_id", "team_id"],
        unique=False,
    )
    op.add_column("booking_pages", sa.Column("template_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("booking_pages_organization_id_template_id_fkey"),
        "booking_pages",
        "page_templates",
        ["organization_id", "template_id"],
        ["organization_id", "id"],
    )
    op.create_index(
        "booking_pages_managed_key",
        "booking_pages",
        ["organization_id", "template_id", "owner_id"],
        unique=True,
        postgresql_where=sa.text("template_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("booking_pages_managed_key", table_name="booking_pages")
    op.drop_constraint(
        op.f("booking_pages_organization_id_template_id_fkey"), "booking_pages", type_="foreignkey"
    )
    op.drop_column("booking_pages", "template_id")
    op.drop_index(op.f("page_templates_organization_id_team_id_idx"), table_name="page_templates")
    op.drop_index(op.f("page_templates_organization_id_created_at_idx"), table_name="page_templates")
    op.drop_table("page_templates")
