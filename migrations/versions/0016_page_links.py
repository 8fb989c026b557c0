"""Links to booking pages: secret pages, links with their uses and terms, the seats taken by them.

Revision: 0016, after 0014.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.create_table(
        "page_links",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("page_id", sa.Uuid(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("max_uses", sa.Integer(), nullable=True),
        sa.Column("used", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("over_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("is_bound", sa.Boolean(), nullable=False),
        sa.Column("length_minutes", sa.Integer(), nullable=True),
        sa.Column("first_date", sa.Date(), nullable=True),
        sa.Column("last_date", sa.Date(), nullable=True),
        sa.Column("hours", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("starts", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "used >= 0 AND (max_uses IS NULL OR used <= max_uses)", name=op.f("page_links_used_fits_check")
        ),
        sa.CheckConstraint("max_uses >= 1", name=op.f("page_links_max_uses_positive_check")),
        sa.CheckConstraint(
            "(first_date IS NULL) = (last_date IS NULL)", name=op.f("page_links_dates_whole_check")
        ),
        sa.CheckConstraint(
            "email IS NOT NULL OR NOT is_bound", name=op.f("page_links_bound_to_somebody_check")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "made_by"],
            ["users.organization_id", "users.id"],
            name=op.f("page_links_organization_id_made_by_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "page_id"],
            ["booking_pages.organization_id", "booking_pages.id"],
            name=op.f("page_links_organization_id_page_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("page_links_pkey")),
        sa.UniqueConstraint("token_hash", name=op.f("page_links_token_hash_key")),
    )
    op.create_index(
        op.f("page_links_organization_id_page_id_idx"),
        "page_links",
        ["organization_id", "page_id"],
        unique=False,
    )
    op.create_index(
        op.f("page_links_organization_id_made_by_created_at_idx"),
        "page_links",
        ["organization_id", "made_by", "created_at"],
        unique=False,
    )
    op.add_column(
        "booking_pages", sa.Column("is_secret", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.add_column("invitees", sa.Column("link_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("invitees_organization_id_link_id_fkey"),
        "invitees",
        "page_links",
        ["organization_id", "link_id"],
        ["organization_id", "id"],
        ondelete="SET NULL (link_id)",
    )
    op.create_index(
        "invitees_link_idx",
        "invitees",
        ["organization_id", "link_id"],
        unique=False,
        postgresql_where=sa.text("link_id IS NOT NULL"),
    )


def downgrade() -> None:
    # A page that only links opened is not open to everybody once there are none.
    op.execute("UPDATE booking_pages SET is_active = false WHERE is_secret")
    op.drop_index("invitees_link_idx", table_name="invitees")
    op.drop_constraint(op.f("invitees_organization_id_link_id_fkey"), "invitees", type_="foreignkey")
    op.drop_column("invitees", "link_id")
    op.drop_column("booking_pages", "is_secret")
    op.drop_table("page_links")
