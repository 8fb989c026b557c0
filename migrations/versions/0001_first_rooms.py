"""The first rooms, with the overlap constraint.

Revision: 0001, the first.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    op.create_table(
        "effects",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("recipient_id", sa.Uuid(), nullable=False),
        sa.Column("lead_minutes", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('due', 'running', 'done', 'skipped', 'failed')", name=op.f("effects_state_known_check")
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("effects_pkey")),
        sa.UniqueConstraint(
            "organization_id",
            "kind",
            "subject_id",
            "version",
            "recipient_id",
            "lead_minutes",
            name="effects_once",
        ),
    )
    op.create_index(
        "effects_due_idx",
        "effects",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('due', 'running')"),
    )
    op.create_table(
        "events",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "transaction",
            sa.BigInteger(),
            server_default=sa.text("(pg_current_xact_id()::text)::bigint"),
            nullable=False,
        ),
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("hosts", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("page_id", sa.Uuid(), nullable=True),
        sa.Column("booking_id", sa.Uuid(), nullable=True),
        sa.Column("invitee_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("events_pkey")),
    )
    op.create_index("events_log_idx", "events", ["organization_id", "transaction", "position"], unique=False)
    op.create_index(
        "events_unannounced_idx",
        "events",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("announced_at IS NULL"),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("booking_id", sa.Uuid(), nullable=True),
        sa.Column("invitee_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("actor", "operation", "key_hash", name=op.f("idempotency_keys_pkey")),
    )
    op.create_index(op.f("idempotency_keys_created_at_idx"), "idempotency_keys", ["created_at"], unique=False)
    op.create_table(
        "organizations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "plan IN ('basic', 'pro', 'business', 'enterprise')", name=op.f("organizations_plan_known_check")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("organizations_pkey")),
    )
    op.create_table(
        "sign_in_codes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("consumed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("sign_in_codes_pkey")),
    )
    op.create_index(
        op.f("sign_in_codes_email_created_at_idx"), "sign_in_codes", ["email", "created_at"], unique=False
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("handle", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("shares_availability", sa.Boolean(), nullable=False),
        sa.Column("is_disabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "role IN ('owner', 'administrator', 'member')", name=op.f("users_role_known_check")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("users_organization_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("users_pkey")),
        sa.UniqueConstraint("email", name=op.f("users_email_key")),
        sa.UniqueConstraint("handle", name=op.f("users_handle_key")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("users_organization_id_id_key")),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("api_keys_user_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("api_keys_pkey")),
        sa.UniqueConstraint("token_hash", name=op.f("api_keys_token_hash_key")),
    )
    op.create_index(op.f("api_keys_user_id_idx"), "api_keys", ["user_id"], unique=False)
    op.create_table(
        "booking_pages",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("place", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("rules", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("questions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("reminders_minutes", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("invitation", sa.Text(), nullable=False),
        sa.Column("cancellation_policy", sa.Text(), nullable=False),
        sa.Column("cancel_until_minutes", sa.Integer(), nullable=False),
        sa.Column("reschedule_until_minutes", sa.Integer(), nullable=False),
        sa.Column("calendar_policy", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("is_hidden", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "capacity >= 1 AND (kind = 'group' OR capacity = 1)",
            name=op.f("booking_pages_capacity_fits_check"),
        ),
        sa.CheckConstraint("kind IN ('one_to_one', 'group')", name=op.f("booking_pages_kind_known_check")),
        sa.ForeignKeyConstraint(
            ["organization_id", "owner_id"],
            ["users.organization_id", "users.id"],
            name=op.f("booking_pages_organization_id_owner_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("booking_pages_pkey")),
        sa.UniqueConstraint("owner_id", "slug", name=op.f("booking_pages_owner_id_slug_key")),
    )
    op.create_index(
        op.f("booking_pages_organization_id_owner_id_created_at_idx"),
        "booking_pages",
        ["organization_id", "owner_id", "created_at"],
        unique=False,
    )
    op.create_table(
        "calendar_connections",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("username", sa.Text(), nullable=True),
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state <> 'disconnected' OR secret_sealed IS NULL",
            name=op.f("calendar_connections_secret_ends_with_it_check"),
        ),
        sa.CheckConstraint(
            "state IN ('connected', 'needs_reconnection', 'disconnected')",
            name=op.f("calendar_connections_state_known_check"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["users.organization_id", "users.id"],
            name=op.f("calendar_connections_organization_id_user_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("calendar_connections_pkey")),
    )
    op.create_index(
        op.f("calendar_connections_organization_id_user_id_idx"),
        "calendar_connections",
        ["organization_id", "user_id"],
        unique=False,
    )
    op.create_table(
        "schedules",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("weekly", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("overrides", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["users.organization_id", "users.id"],
            name=op.f("schedules_organization_id_user_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("schedules_pkey")),
    )
    op.create_index(
        "schedules_one_default_idx",
        "schedules",
        ["organization_id", "user_id"],
        unique=True,
        postgresql_where=sa.text("is_default"),
    )
    op.create_index(
        op.f("schedules_organization_id_user_id_idx"),
        "schedules",
        ["organization_id", "user_id"],
        unique=False,
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("sessions_user_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("sessions_pkey")),
        sa.UniqueConstraint("token_hash", name=op.f("sessions_token_hash_key")),
    )
    op.create_index(op.f("sessions_user_id_idx"), "sessions", ["user_id"], unique=False)
    op.create_table(
        "bookings",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("page_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("during", postgresql.TSTZRANGE(), nullable=False),
        sa.Column(
            "occupies",
            sa.Boolean(),
            sa.Computed(
                "state IN ('held', 'awaiting_approval', 'awaiting_payment', 'confirmed')", persisted=True
            ),
            nullable=False,
        ),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("place", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('held', 'awaiting_approval', 'awaiting_payment', 'confirmed', 'cancelled', 'declined', 'expired', 'done', 'no_show')",
            name=op.f("bookings_state_known_check"),
        ),
        sa.CheckConstraint(
            "NOT isempty(during) AND lower_inc(during) AND NOT upper_inc(during) AND NOT lower_inf(during) AND NOT upper_inf(during)",
            name=op.f("bookings_during_whole_check"),
        ),
        sa.CheckConstraint("capacity >= 1", name=op.f("bookings_capacity_positive_check")),
        sa.ForeignKeyConstraint(
            ["organization_id", "page_id"],
            ["booking_pages.organization_id", "booking_pages.id"],
            name=op.f("bookings_organization_id_page_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("bookings_pkey")),
        sa.UniqueConstraint(
            "organization_id", "id", "capacity", name=op.f("bookings_organization_id_id_capacity_key")
        ),
        sa.UniqueConstraint(
            "organization_id",
            "id",
            "during",
            "occupies",
            name=op.f("bookings_organization_id_id_during_occupies_key"),
        ),
    )
    op.create_index(
        op.f("bookings_organization_id_page_id_during_idx"),
        "bookings",
        ["organization_id", "page_id", "during"],
        unique=False,
        postgresql_using="gist",
    )
    op.create_table(
        "calendars",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("remote_url", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=True),
        sa.Column("counts_as_busy", sa.Boolean(), nullable=False),
        sa.Column("receives_bookings", sa.Boolean(), nullable=False),
        sa.Column("is_writable", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "connection_id"],
            ["calendar_connections.organization_id", "calendar_connections.id"],
            name=op.f("calendars_organization_id_connection_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["users.organization_id", "users.id"],
            name=op.f("calendars_organization_id_user_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("calendars_pkey")),
        sa.UniqueConstraint(
            "organization_id",
            "connection_id",
            "remote_url",
            name=op.f("calendars_organization_id_connection_id_remote_url_key"),
        ),
    )
    op.create_index(
        "calendars_one_receives_idx",
        "calendars",
        ["organization_id", "user_id"],
        unique=True,
        postgresql_where=sa.text("receives_bookings"),
    )
    op.create_table(
        "page_hosts",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("page_id", sa.Uuid(), nullable=False),
        sa.Column("host_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("schedule_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id", "host_id"],
            ["users.organization_id", "users.id"],
            name=op.f("page_hosts_organization_id_host_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "page_id"],
            ["booking_pages.organization_id", "booking_pages.id"],
            name=op.f("page_hosts_organization_id_page_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "schedule_id"],
            ["schedules.organization_id", "schedules.id"],
            name=op.f("page_hosts_organization_id_schedule_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "page_id", "host_id", name=op.f("page_hosts_pkey")),
    )
    op.create_index(
        op.f("page_hosts_organization_id_host_id_idx"),
        "page_hosts",
        ["organization_id", "host_id"],
        unique=False,
    )
    op.create_table(
        "booking_hosts",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("host_id", sa.Uuid(), nullable=False),
        sa.Column("during", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("occupies", sa.Boolean(), nullable=False),
        sa.Column("buffer_before_minutes", sa.Integer(), nullable=False),
        sa.Column("buffer_after_minutes", sa.Integer(), nullable=False),
        postgresql.ExcludeConstraint(
            ("organization_id", "="),
            ("host_id", "="),
            ("during", "&&"),
            where=sa.text("occupies"),
            using="gist",
            name="bookings_no_overlap",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "booking_id", "during", "occupies"],
            ["bookings.organization_id", "bookings.id", "bookings.during", "bookings.occupies"],
            name=op.f("booking_hosts_organization_id_booking_id_during_occupies_fkey"),
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "host_id"],
            ["users.organization_id", "users.id"],
            name=op.f("booking_hosts_organization_id_host_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "booking_id", "host_id", name=op.f("booking_hosts_pkey")),
    )
    op.create_index(
        "booking_hosts_list_idx",
        "booking_hosts",
        ["organization_id", "host_id", sa.literal_column("lower(during)"), "booking_id"],
        unique=False,
    )
    op.create_table(
        "entries",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("host_id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("calendar_url", sa.Text(), nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("marker", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("written_version", sa.Integer(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("claim_id", sa.Uuid(), nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('pending', 'written', 'removed', 'orphaned')", name=op.f("entries_state_known_check")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "booking_id"],
            ["bookings.organization_id", "bookings.id"],
            name=op.f("entries_organization_id_booking_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "host_id"],
            ["users.organization_id", "users.id"],
            name=op.f("entries_organization_id_host_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("entries_pkey")),
        sa.UniqueConstraint(
            "organization_id",
            "booking_id",
            "host_id",
            name=op.f("entries_organization_id_booking_id_host_id_key"),
        ),
    )
    op.create_table(
        "invitees",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("seat", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("hold_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("zone", sa.Text(), nullable=True),
        sa.Column("locale", sa.Text(), nullable=True),
        sa.Column("answers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("moved_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("cancel_reason", sa.Text(), nullable=True),
        sa.Column("cancelled_by", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(state = 'held') = (hold_expires_at IS NOT NULL)", name=op.f("invitees_hold_ends_check")
        ),
        sa.CheckConstraint(
            "state IN ('held', 'awaiting_approval', 'awaiting_payment', 'confirmed', 'cancelled', 'declined', 'expired', 'done', 'no_show')",
            name=op.f("invitees_state_known_check"),
        ),
        sa.CheckConstraint("seat BETWEEN 1 AND capacity", name=op.f("invitees_seat_exists_check")),
        sa.ForeignKeyConstraint(
            ["organization_id", "booking_id", "capacity"],
            ["bookings.organization_id", "bookings.id", "bookings.capacity"],
            name="invitees_capacity_fkey",
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "booking_id"],
            ["bookings.organization_id", "bookings.id"],
            name=op.f("invitees_organization_id_booking_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("invitees_pkey")),
    )
    op.create_index(
        "invitees_holds_idx",
        "invitees",
        ["hold_expires_at"],
        unique=False,
        postgresql_where=sa.text("state = 'held'"),
    )
    op.create_index(
        "invitees_seat_taken_once",
        "invitees",
        ["organization_id", "booking_id", "seat"],
        unique=True,
        postgresql_where=sa.text("state IN ('held', 'awaiting_approval', 'awaiting_payment', 'confirmed')"),
    )
    op.create_table(
        "capabilities",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("invitee_id", sa.Uuid(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("scope IN ('hold', 'manage')", name=op.f("capabilities_scope_known_check")),
        sa.ForeignKeyConstraint(
            ["organization_id", "booking_id"],
            ["bookings.organization_id", "bookings.id"],
            name=op.f("capabilities_organization_id_booking_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "invitee_id"],
            ["invitees.organization_id", "invitees.id"],
            name=op.f("capabilities_organization_id_invitee_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("capabilities_pkey")),
    )
    op.create_index(
        op.f("capabilities_organization_id_invitee_id_idx"),
        "capabilities",
        ["organization_id", "invitee_id"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index(op.f("capabilities_organization_id_invitee_id_idx"), table_name="capabilities")
    op.drop_table("capabilities")
    op.drop_index(
        "invitees_seat_taken_once",
        table_name="invitees",
        postgresql_where=sa.text("state IN ('held', 'awaiting_approval', 'awaiting_payment', 'confirmed')"),
    )
    op.drop_index("invitees_holds_idx", table_name="invitees", postgresql_where=sa.text("state = 'held'"))
    op.drop_table("invitees")
    op.drop_table("entries")
    op.drop_index("booking_hosts_list_idx", table_name="booking_hosts")
    op.drop_table("booking_hosts")
    op.drop_index(op.f("page_hosts_organization_id_host_id_idx"), table_name="page_hosts")
    op.drop_table("page_hosts")
    op.drop_index(
        "calendars_one_receives_idx", table_name="calendars", postgresql_where=sa.text("receives_bookings")
    )
    op.drop_table("calendars")
    op.drop_index(
        op.f("bookings_organization_id_page_id_during_idx"), table_name="bookings", postgresql_using="gist"
    )
    op.drop_table("bookings")
    op.drop_index(op.f("sessions_user_id_idx"), table_name="sessions")
    op.drop_table("sessions")
    op.drop_index(op.f("schedules_organization_id_user_id_idx"), table_name="schedules")
    op.drop_index("schedules_one_default_idx", table_name="schedules", postgresql_where=sa.text("is_default"))
    op.drop_table("schedules")
    op.drop_index(op.f("calendar_connections_organization_id_user_id_idx"), table_name="calendar_connections")
    op.drop_table("calendar_connections")
    op.drop_index(op.f("booking_pages_organization_id_owner_id_created_at_idx"), table_name="booking_pages")
    op.drop_table("booking_pages")
    op.drop_index(op.f("api_keys_user_id_idx"), table_name="api_keys")
    op.drop_table("api_keys")
    op.drop_table("users")
    op.drop_index(op.f("sign_in_codes_email_created_at_idx"), table_name="sign_in_codes")
    op.drop_table("sign_in_codes")
    op.drop_table("organizations")
    op.drop_index(op.f("idempotency_keys_created_at_idx"), table_name="idempotency_keys")
    op.drop_table("idempotency_keys")
    op.drop_index(
        "events_unannounced_idx", table_name="events", postgresql_where=sa.text("announced_at IS NULL")
    )
    op.drop_index("events_log_idx", table_name="events")
    op.drop_table("events")
    op.drop_index(
        "effects_due_idx", table_name="effects", postgresql_where=sa.text("state IN ('due', 'running')")
    )
    op.drop_table("effects")
