"""Hosts who share a page: who is fixed, who takes turns and how; and the hosts' own rules.

Revision: 0011, after 0012.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.create_table(
        "host_rules",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("buffer_before_minutes", sa.Integer(), nullable=False),
        sa.Column("buffer_after_minutes", sa.Integer(), nullable=False),
        sa.Column("notice_minutes", sa.Integer(), nullable=False),
        sa.Column("caps", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["users.organization_id", "users.id"],
            name=op.f("host_rules_organization_id_user_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "user_id", name=op.f("host_rules_pkey")),
    )
    op.add_column(
        "page_hosts", sa.Column("is_fixed", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.add_column(
        "page_hosts", sa.Column("priority", sa.Text(), server_default=sa.text("'medium'"), nullable=False)
    )
    op.add_column(
        "page_hosts", sa.Column("weight", sa.Integer(), server_default=sa.text("100"), nullable=False)
    )
    op.create_check_constraint(
        op.f("page_hosts_priority_known_check"),
        "page_hosts",
        "priority IN ('highest', 'high', 'medium', 'low')",
    )
    op.create_check_constraint(
        op.f("page_hosts_weight_fits_check"), "page_hosts", "weight BETWEEN 1 AND 1000"
    )
    op.add_column(
        "booking_pages",
        sa.Column("turns", sa.Text(), server_default=sa.text("'availability'"), nullable=False),
    )
    op.add_column(
        "booking_pages", sa.Column("max_lead", sa.Integer(), server_default=sa.text("3"), nullable=False)
    )
    op.add_column(
        "booking_pages", sa.Column("keeps_host", sa.Boolean(), server_default=sa.text("true"), nullable=False)
    )
    op.add_column("booking_pages", sa.Column("counted_from", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(
        op.f("booking_pages_turns_known_check"), "booking_pages", "turns IN ('availability', 'fairness')"
    )
    op.add_column(
        "booking_hosts", sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False)
    )
    op.add_column("booking_hosts", sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "booking_hosts",
        sa.Column("assignment", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    )
    op.create_check_constraint(
        op.f("booking_hosts_assignment_whole_check"),
        "booking_hosts",
        "(assigned_at IS NULL) = (assignment IS NULL)",
    )
    op.create_index(
        "booking_hosts_turns_idx",
        "booking_hosts",
        ["organization_id", "host_id", "assigned_at"],
        unique=False,
        postgresql_where=sa.text("assigned_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("booking_hosts_turns_idx", table_name="booking_hosts")
    op.drop_constraint(op.f("booking_hosts_assignment_whole_check"), "booking_hosts", type_="check")
    for column in ("assignment", "assigned_at", "position"):
        op.drop_column("booking_hosts", column)
    op.drop_constraint(op.f("booking_pages_turns_known_check"), "booking_pages", type_="check")
    for column in ("counted_from", "keeps_host", "max_lead", "turns"):
        op.drop_column("booking_pages", column)
    op.drop_constraint(op.f("page_hosts_weight_fits_check"), "page_hosts", type_="check")
    op.drop_constraint(op.f("page_hosts_priority_known_check"), "page_hosts", type_="check")
    for column in ("weight", "priority", "is_fixed"):
        op.drop_column("page_hosts", column)
    op.drop_table("host_rules")
