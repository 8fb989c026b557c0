"""Polls: their options, who votes in them and how, and delegates for them.

Revision: 0021, after 0016.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.create_table(
        "polls",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("page_id", sa.Uuid(), nullable=False),
        sa.Column("organizer_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("is_whole_days", sa.Boolean(), nullable=False),
        sa.Column("deadline", sa.DateTime(timezone=True), nullable=True),
        sa.Column("visibility", sa.Text(), nullable=False),
        sa.Column("is_anonymous", sa.Boolean(), nullable=False),
        sa.Column("asks_address", sa.Boolean(), nullable=False),
        sa.Column("undo_minutes", sa.Integer(), nullable=False),
        sa.Column("holds_times", sa.Boolean(), nullable=False),
        sa.Column("closes_on_consensus", sa.Boolean(), nullable=False),
        sa.Column("reminders_minutes", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("ballots", sa.Integer(), nullable=False),
        sa.Column("reminded", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("chosen", sa.Integer(), nullable=True),
        sa.Column("booking_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "visibility IN ('everyone', 'counts', 'organizer')", name=op.f("polls_visibility_known_check")
        ),
        sa.CheckConstraint(
            "(chosen IS NULL) = (booking_id IS NULL)", name=op.f("polls_booked_what_was_chosen_check")
        ),
        sa.CheckConstraint(
            "(closed_at IS NULL) = (announced_at IS NULL)", name=op.f("polls_closed_whole_check")
        ),
        sa.CheckConstraint(
            "closed_at IS NOT NULL OR chosen IS NULL", name=op.f("polls_chosen_when_closed_check")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "booking_id"],
            ["bookings.organization_id", "bookings.id"],
            name=op.f("polls_organization_id_booking_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "organizer_id"],
            ["users.organization_id", "users.id"],
            name=op.f("polls_organization_id_organizer_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "page_id"],
            ["booking_pages.organization_id", "booking_pages.id"],
            name=op.f("polls_organization_id_page_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("polls_pkey")),
        sa.UniqueConstraint("token_hash", name=op.f("polls_token_hash_key")),
    )
    op.create_index(op.f("polls_ends_at_idx"), "polls", ["ends_at"], unique=False)
    op.create_index(
        op.f("polls_organization_id_organizer_id_created_at_idx"),
        "polls",
        ["organization_id", "organizer_id", "created_at"],
        unique=False,
    )
    op.create_table(
        "poll_holds",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("poll_id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "booking_id"],
            ["bookings.organization_id", "bookings.id"],
            name=op.f("poll_holds_organization_id_booking_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "poll_id"],
            ["polls.organization_id", "polls.id"],
            name=op.f("poll_holds_organization_id_poll_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "poll_id", "booking_id", name=op.f("poll_holds_pkey")),
    )
    op.create_index(
        op.f("poll_holds_organization_id_booking_id_idx"),
        "poll_holds",
        ["organization_id", "booking_id"],
        unique=False,
    )
    op.create_table(
        "poll_options",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("poll_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("start_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("places", sa.Integer(), nullable=True),
        sa.Column("yes", sa.Integer(), nullable=False),
        sa.Column("if_need_be", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "places IS NULL OR yes + if_need_be <= places", name=op.f("poll_options_places_fit_check")
        ),
        sa.CheckConstraint("start_at < end_at", name=op.f("poll_options_lasts_check")),
        sa.CheckConstraint("yes >= 0 AND if_need_be >= 0", name=op.f("poll_options_counted_check")),
        sa.ForeignKeyConstraint(
            ["organization_id", "poll_id"],
            ["polls.organization_id", "polls.id"],
            name=op.f("poll_options_organization_id_poll_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "poll_id", "number", name=op.f("poll_options_pkey")),
    )
    op.create_table(
        "voters",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("poll_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("person", sa.Text(), nullable=True),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("is_invited", sa.Boolean(), nullable=False),
        sa.Column("is_required", sa.Boolean(), nullable=False),
        sa.Column("is_proved", sa.Boolean(), nullable=False),
        sa.Column("has_voted", sa.Boolean(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("mailed", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "poll_id"],
            ["polls.organization_id", "polls.id"],
            name=op.f("voters_organization_id_poll_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["users.organization_id", "users.id"],
            name=op.f("voters_organization_id_user_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("voters_pkey")),
        sa.UniqueConstraint(
            "organization_id", "poll_id", "id", name=op.f("voters_organization_id_poll_id_id_key")
        ),
        sa.UniqueConstraint("token_hash", name=op.f("voters_token_hash_key")),
    )
    op.create_index(
        "voters_person_key",
        "voters",
        ["organization_id", "poll_id", "person"],
        unique=True,
        postgresql_where=sa.text("person IS NOT NULL"),
    )
    op.create_table(
        "ballot_answers",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("voter_id", sa.Uuid(), nullable=False),
        sa.Column("poll_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "answer IN ('yes', 'if_need_be', 'no')", name=op.f("ballot_answers_answer_known_check")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "poll_id", "number"],
            ["poll_options.organization_id", "poll_options.poll_id", "poll_options.number"],
            name="ballot_answers_option_fkey",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "poll_id", "voter_id"],
            ["voters.organization_id", "voters.poll_id", "voters.id"],
            name="ballot_answers_voter_fkey",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "voter_id", "number", name=op.f("ballot_answers_pkey")),
    )
    op.create_index(
        op.f("ballot_answers_organization_id_poll_id_number_idx"),
        "ballot_answers",
        ["organization_id", "poll_id", "number"],
        unique=False,
    )
    op.drop_constraint(op.f("delegations_scopes_known_check"), "delegations", type_="check")
    op.create_check_constraint(
        op.f("delegations_scopes_known_check"),
        "delegations",
        "cardinality(scopes) > 0 AND scopes <@ ARRAY['pages', 'bookings', 'availability', 'polls']",
    )


def downgrade() -> None:
    op.execute("UPDATE delegations SET scopes = array_remove(scopes, 'polls') WHERE cardinality(scopes) > 1")
    # Who could do nothing else can do nothing any more.
    op.execute("DELETE FROM delegations WHERE scopes = ARRAY['polls']")
    op.drop_constraint(op.f("delegations_scopes_known_check"), "delegations", type_="check")
    op.create_check_constraint(
        op.f("delegations_scopes_known_check"),
        "delegations",
        "cardinality(scopes) > 0 AND scopes <@ ARRAY['pages', 'bookings', 'availability']",
    )
    op.drop_index(op.f("ballot_answers_organization_id_poll_id_number_idx"), table_name="ballot_answers")
    op.drop_table("ballot_answers")
    op.drop_index("voters_person_key", table_name="voters", postgresql_where=sa.text("person IS NOT NULL"))
    op.drop_table("voters")
    op.drop_table("poll_options")
    op.drop_index(op.f("poll_holds_organization_id_booking_id_idx"), table_name="poll_holds")
    op.drop_table("poll_holds")
    op.drop_index(op.f("polls_organization_id_organizer_id_created_at_idx"), table_name="polls")
    op.drop_index(op.f("polls_ends_at_idx"), table_name="polls")
    op.drop_table("polls")
