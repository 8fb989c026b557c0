"""Delegation: who acts for whom, within what, until when; whether administrators may let them.

Revision: 0015, after 0018.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.add_column(
        "organizations",
        sa.Column(
            "administrators_may_delegate", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
    )
    op.create_table(
        "delegations",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("principal_id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("given_by", sa.Uuid(), nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("is_copied", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delegate_id", sa.Uuid(), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("principal_id <> delegate_id", name=op.f("delegations_for_another_check")),
        sa.CheckConstraint(
            "cardinality(scopes) > 0 AND scopes <@ ARRAY['pages', 'bookings', 'availability']",
            name=op.f("delegations_scopes_known_check"),
        ),
        sa.CheckConstraint(
            "NOT is_copied OR 'bookings' = ANY (scopes)", name=op.f("delegations_copied_may_see_check")
        ),
        sa.CheckConstraint(
            "(accepted_at IS NULL) = (delegate_id IS NULL)",
            name=op.f("delegations_accepted_by_somebody_check"),
        ),
        *(
            sa.ForeignKeyConstraint(
                ["organization_id", column],
                ["users.organization_id", "users.id"],
                name=op.f(f"delegations_organization_id_{column}_fkey"),
            )
            for column in ("principal_id", "delegate_id", "given_by")
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("delegations_pkey")),
    )
    op.create_index(
        "delegations_standing_key",
        "delegations",
        ["organization_id", "principal_id", "address"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    for name, columns in _INDEXES.items():
        op.create_index(op.f(f"delegations_organization_id_{name}_idx"), "delegations", columns)


def downgrade() -> None:
    op.drop_table("delegations")
    op.drop_column("organizations", "administrators_may_delegate")


_INDEXES = {
    "principal_id_created_at": ["organization_id", "principal_id", "created_at"],
    "address_created_at": ["organization_id", "address", "created_at"],
    "delegate_id": ["organization_id", "delegate_id"],
}
