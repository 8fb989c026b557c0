"""Rules of a page past which its host side booked, and who did; rooms and equipment that pages require.

Revision: 0014, after 0017.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.add_column("bookings", sa.Column("waived", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("bookings", sa.Column("waived_by", sa.Uuid(), nullable=True))
    op.create_check_constraint(
        op.f("bookings_waived_whole_check"), "bookings", "(waived IS NULL) = (waived_by IS NULL)"
    )
    op.create_foreign_key(
        op.f("bookings_organization_id_waived_by_fkey"),
        "bookings",
        "users",
        ["organization_id", "waived_by"],
        ["organization_id", "id"],
    )
    op.create_table(
        "resources",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("seats", sa.Integer(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('room', 'equipment')", name=op.f("resources_kind_known_check")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("resources_organization_id_fkey")
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("resources_pkey")),
    )
    op.create_index(
        "resources_list_idx",
        "resources",
        ["organization_id", "created_at"],
        unique=False,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "booking_resources",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column("during", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("occupies", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "booking_id", "during", "occupies"],
            ["bookings.organization_id", "bookings.id", "bookings.during", "bookings.occupies"],
            name=op.f("booking_resources_organization_id_booking_id_during_occupies_fkey"),
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "resource_id"],
            ["resources.organization_id", "resources.id"],
            name=op.f("booking_resources_organization_id_resource_id_fkey"),
        ),
        sa.PrimaryKeyConstraint(
            "organization_id", "booking_id", "resource_id", name=op.f("booking_resources_pkey")
        ),
        postgresql.ExcludeConstraint(
            ("organization_id", "="),
            ("resource_id", "="),
            ("during", "&&"),
            where=sa.text("occupies"),
            using="gist",
            name="bookings_no_shared_resource",
        ),
    )
    op.add_column(
        "booking_pages",
        sa.Column(
            "requires",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
    )


def downgrade() -> None:
    op.drop_column("booking_pages", "requires")
    op.drop_table("booking_resources")
    op.drop_index("resources_list_idx", table_name="resources")
    op.drop_table("resources")
    op.drop_constraint(op.f("bookings_organization_id_waived_by_fkey"), "bookings", type_="foreignkey")
    op.drop_constraint(op.f("bookings_waived_whole_check"), "bookings", type_="check")
    for column in ("waived_by", "waived"):
        op.drop_column("bookings", column)
