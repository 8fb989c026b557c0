"""Templates of booking pages, which template manages a page, and who stands in for an absence.

Revision: 0019, after 0016.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0020"
branch_labels = None
depends_on = None

_CHECKS = (
    ("stand_in_state_known", "stand_in_state IN ('asked', 'agreed', 'declined')"),
    ("stand_in_whole", "(stand_in_id IS NULL) = (stand_in_state IS NULL)"),
    (
        "stand_in_page_named",
        "(stand_in_page_id IS NOT NULL) = (stand_in_state IS NOT DISTINCT FROM 'agreed')",
    ),
)


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
    for column, kind in (
        ("stand_in_id", sa.Uuid()),
        ("stand_in_state", sa.Text()),
        ("stand_in_page_id", sa.Uuid()),
    ):
        op.add_column("absences", sa.Column(column, kind, nullable=True))
    op.add_column("absences", sa.Column("version", sa.Integer(), server_default=sa.text("0"), nullable=False))
    for column, table in (("stand_in_id", "users"), ("stand_in_page_id", "booking_pages")):
        op.create_foreign_key(
            op.f(f"absences_organization_id_{column}_fkey"),
            "absences",
            table,
            ["organization_id", column],
            ["organization_id", "id"],
        )
    for name, condition in _CHECKS:
        op.create_check_constraint(op.f(f"absences_{name}_check"), "absences", condition)
    op.create_index(
        "absences_stand_in_idx",
        "absences",
        ["organization_id", "stand_in_id"],
        unique=False,
        postgresql_where=sa.text("stand_in_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("absences_stand_in_idx", table_name="absences")
    for name, _ in _CHECKS:
        op.drop_constraint(op.f(f"absences_{name}_check"), "absences", type_="check")
    for column in ("stand_in_page_id", "stand_in_id"):
        op.drop_constraint(op.f(f"absences_organization_id_{column}_fkey"), "absences", type_="foreignkey")
    for column in ("version", "stand_in_page_id", "stand_in_state", "stand_in_id"):
        op.drop_column("absences", column)
    op.drop_index("booking_pages_managed_key", table_name="booking_pages")
    op.drop_constraint(
        op.f("booking_pages_organization_id_template_id_fkey"), "booking_pages", type_="foreignkey"
    )
    op.drop_column("booking_pages", "template_id")
    op.drop_index(op.f("page_templates_organization_id_team_id_idx"), table_name="page_templates")
    op.drop_index(op.f("page_templates_organization_id_created_at_idx"), table_name="page_templates")
    op.drop_table("page_templates")
