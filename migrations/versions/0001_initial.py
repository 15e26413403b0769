"""All tables of the first release."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SQLITE_APPEND_ONLY = (
    """
    CREATE TRIGGER audit_events_no_update BEFORE UPDATE ON audit_events
    BEGIN SELECT RAISE(ABORT, 'audit events are never changed'); END
    """,
    """
    CREATE TRIGGER audit_events_no_delete BEFORE DELETE ON audit_events
    BEGIN SELECT RAISE(ABORT, 'audit events are never changed'); END
    """,
)
POSTGRES_APPEND_ONLY = (
    """
    CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'audit events are never changed'; END $$
    """,
    """
    CREATE TRIGGER audit_events_no_change BEFORE UPDATE OR DELETE ON audit_events
    FOR EACH ROW EXECUTE FUNCTION refuse_audit_change()
    """,
    """
    CREATE TRIGGER audit_events_no_truncate BEFORE TRUNCATE ON audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()
    """,
)


def upgrade() -> None:
    op.create_table(
        "audit_events",
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_role", sa.String(length=30), nullable=False),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("object_kind", sa.String(length=40), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=True),
        sa.Column("context_id", sa.Uuid(), nullable=True),
        sa.Column("request_id", sa.String(length=40), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_events")),
    )
    op.create_index(op.f("ix_audit_events_action"), "audit_events", ["action"], unique=False)
    op.create_index(op.f("ix_audit_events_actor_id"), "audit_events", ["actor_id"], unique=False)
    op.create_index(op.f("ix_audit_events_at"), "audit_events", ["at"], unique=False)
    op.create_index(
        op.f("ix_audit_events_context_id"), "audit_events", ["context_id"], unique=False
    )
    op.create_index(op.f("ix_audit_events_object_id"), "audit_events", ["object_id"], unique=False)
    op.create_table(
        "module_versions",
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("module_id", sa.String(length=100), nullable=False),
        sa.Column("version", sa.String(length=20), nullable=False),
        sa.Column("title", sa.String(length=255), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("content_hash", name=op.f("pk_module_versions")),
    )
    op.create_index(
        op.f("ix_module_versions_module_id"), "module_versions", ["module_id"], unique=False
    )
    op.create_table(
        "registrations",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("issuer", sa.String(length=255), nullable=False),
        sa.Column("client_id", sa.String(length=255), nullable=False),
        sa.Column("family", sa.String(length=20), nullable=False),
        sa.Column("auth_login_url", sa.String(length=500), nullable=False),
        sa.Column("auth_token_url", sa.String(length=500), nullable=False),
        sa.Column("auth_audience", sa.String(length=500), nullable=False),
        sa.Column("jwks_url", sa.String(length=500), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("accept_deployments", sa.Boolean(), nullable=False),
        sa.Column("allow_local", sa.Boolean(), nullable=False),
        sa.Column("service_hosts", sa.JSON(), nullable=False),
        sa.Column("held_hosts", sa.JSON(), nullable=False),
        sa.Column("trusted_audiences", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_launch_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registrations")),
        sa.UniqueConstraint("issuer", "client_id", name=op.f("uq_registrations_issuer_client_id")),
        sa.UniqueConstraint("name", name=op.f("uq_registrations_name")),
    )
    op.create_table(
        "timetable",
        sa.Column("job", sa.String(length=60), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_token", sa.String(length=32), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("job", name=op.f("pk_timetable")),
    )
    op.create_table(
        "tool_keys",
        sa.Column("kid", sa.String(length=64), nullable=False),
        sa.Column("sealed_private_key", sa.LargeBinary(), nullable=False),
        sa.Column("public_jwk", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("current_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tool_keys")),
        sa.UniqueConstraint("kid", name=op.f("uq_tool_keys_kid")),
    )
    op.create_index(op.f("ix_tool_keys_state"), "tool_keys", ["state"], unique=False)
    op.create_table(
        "worker_beats",
        sa.Column("worker_id", sa.String(length=64), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("worker_id", name=op.f("pk_worker_beats")),
    )
    op.create_index(op.f("ix_worker_beats_seen_at"), "worker_beats", ["seen_at"], unique=False)
    op.create_table(
        "access_tokens",
        sa.Column("registration_id", sa.Uuid(), nullable=False),
        sa.Column("token_host", sa.String(length=255), nullable=False),
        sa.Column("scopes", sa.String(length=500), nullable=False),
        sa.Column("sealed_token", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["registrations.id"],
            name=op.f("fk_access_tokens_registration_id_registrations"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_tokens")),
        sa.UniqueConstraint(
            "registration_id",
            "token_host",
            "scopes",
            name=op.f("uq_access_tokens_registration_id_token_host_scopes"),
        ),
    )
    op.create_table(
        "deployments",
        sa.Column("registration_id", sa.Uuid(), nullable=False),
        sa.Column("deployment_id", sa.String(length=255), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["registrations.id"],
            name=op.f("fk_deployments_registration_id_registrations"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deployments")),
        sa.UniqueConstraint(
            "registration_id",
            "deployment_id",
            name=op.f("uq_deployments_registration_id_deployment_id"),
        ),
    )
    op.create_table(
        "platform_key_sets",
        sa.Column("registration_id", sa.Uuid(), nullable=False),
        sa.Column("jwks", sa.JSON(), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["registrations.id"],
            name=op.f("fk_platform_key_sets_registration_id_registrations"),
        ),
        sa.PrimaryKeyConstraint("registration_id", name=op.f("pk_platform_key_sets")),
    )
    op.create_table(
        "users",
        sa.Column("registration_id", sa.Uuid(), nullable=False),
        sa.Column("sub", sa.String(length=255), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["registrations.id"],
            name=op.f("fk_users_registration_id_registrations"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("registration_id", "sub", name=op.f("uq_users_registration_id_sub")),
    )
    op.create_table(
        "contexts",
        sa.Column("deployment_id", sa.Uuid(), nullable=False),
        sa.Column("lti_id", sa.String(length=255), nullable=False),
        sa.Column("label", sa.String(length=255), nullable=False),
        sa.Column("title", sa.String(length=255), nullable=False),
        sa.Column("memberships_url", sa.String(length=1000), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["deployment_id"],
            ["deployments.id"],
            name=op.f("fk_contexts_deployment_id_deployments"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contexts")),
        sa.UniqueConstraint(
            "deployment_id", "lti_id", name=op.f("uq_contexts_deployment_id_lti_id")
        ),
    )
    op.create_table(
        "profiles",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("given_name", sa.String(length=255), nullable=False),
        sa.Column("family_name", sa.String(length=255), nullable=False),
        sa.Column("email", sa.String(length=255), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_profiles_user_id_users")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_profiles")),
    )
    op.create_index(op.f("ix_profiles_expires_at"), "profiles", ["expires_at"], unique=False)
    op.create_table(
        "memberships",
        sa.Column("context_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=30), nullable=False),
        sa.Column("is_test_user", sa.Boolean(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("first_launch_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_launch_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["context_id"], ["contexts.id"], name=op.f("fk_memberships_context_id_contexts")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_memberships_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_memberships")),
        sa.UniqueConstraint("context_id", "number", name=op.f("uq_memberships_context_id_number")),
        sa.UniqueConstraint(
            "context_id", "user_id", name=op.f("uq_memberships_context_id_user_id")
        ),
    )
    op.create_index(op.f("ix_memberships_user_id"), "memberships", ["user_id"], unique=False)
    op.create_table(
        "resource_links",
        sa.Column("context_id", sa.Uuid(), nullable=False),
        sa.Column("lti_id", sa.String(length=255), nullable=False),
        sa.Column("title", sa.String(length=255), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["context_id"], ["contexts.id"], name=op.f("fk_resource_links_context_id_contexts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resource_links")),
        sa.UniqueConstraint(
            "context_id", "lti_id", name=op.f("uq_resource_links_context_id_lti_id")
        ),
    )
    op.create_table(
        "activities",
        sa.Column("resource_link_id", sa.Uuid(), nullable=False),
        sa.Column("module_id", sa.String(length=100), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("copied_from_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["content_hash"],
            ["module_versions.content_hash"],
            name=op.f("fk_activities_content_hash_module_versions"),
        ),
        sa.ForeignKeyConstraint(
            ["copied_from_id"],
            ["activities.id"],
            name=op.f("fk_activities_copied_from_id_activities"),
        ),
        sa.ForeignKeyConstraint(
            ["resource_link_id"],
            ["resource_links.id"],
            name=op.f("fk_activities_resource_link_id_resource_links"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activities")),
        sa.UniqueConstraint("resource_link_id", name=op.f("uq_activities_resource_link_id")),
    )
    op.create_table(
        "launch_sessions",
        sa.Column("handle", sa.String(length=32), nullable=False),
        sa.Column("state_id", sa.String(length=64), nullable=False),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("cookie_digest", sa.String(length=64), nullable=False),
        sa.Column("registration_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=True),
        sa.Column("context_id", sa.Uuid(), nullable=True),
        sa.Column("resource_link_id", sa.Uuid(), nullable=True),
        sa.Column("role", sa.String(length=30), nullable=False),
        sa.Column("is_test_user", sa.Boolean(), nullable=False),
        sa.Column("target_activity", sa.String(length=64), nullable=False),
        sa.Column("target_attempt", sa.String(length=64), nullable=False),
        sa.Column("custom_activity", sa.String(length=64), nullable=False),
        sa.Column("return_url", sa.String(length=500), nullable=False),
        sa.Column("locale", sa.String(length=20), nullable=False),
        sa.Column("is_framed", sa.Boolean(), nullable=False),
        sa.Column("frame_ancestors", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["context_id"], ["contexts.id"], name=op.f("fk_launch_sessions_context_id_contexts")
        ),
        sa.ForeignKeyConstraint(
            ["membership_id"],
            ["memberships.id"],
            name=op.f("fk_launch_sessions_membership_id_memberships"),
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["registrations.id"],
            name=op.f("fk_launch_sessions_registration_id_registrations"),
        ),
        sa.ForeignKeyConstraint(
            ["resource_link_id"],
            ["resource_links.id"],
            name=op.f("fk_launch_sessions_resource_link_id_resource_links"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_launch_sessions_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_launch_sessions")),
        sa.UniqueConstraint("handle", name=op.f("uq_launch_sessions_handle")),
        sa.UniqueConstraint("state_id", name=op.f("uq_launch_sessions_state_id")),
    )
    op.create_index(
        "ix_launch_sessions_expires_at", "launch_sessions", ["expires_at"], unique=False
    )
    op.create_index(
        op.f("ix_launch_sessions_user_id"), "launch_sessions", ["user_id"], unique=False
    )
    op.create_table(
        "line_items",
        sa.Column("resource_link_id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.String(length=1000), nullable=False),
        sa.Column("container_url", sa.String(length=1000), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("held_host", sa.String(length=255), nullable=False),
        sa.Column("may_create", sa.Boolean(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["resource_link_id"],
            ["resource_links.id"],
            name=op.f("fk_line_items_resource_link_id_resource_links"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_line_items")),
        sa.UniqueConstraint("resource_link_id", name=op.f("uq_line_items_resource_link_id")),
    )
    op.create_table(
        "accepted_wordings",
        sa.Column("activity_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.String(length=100), nullable=False),
        sa.Column("wording", sa.String(length=500), nullable=False),
        sa.Column("share", sa.String(length=40), nullable=False),
        sa.Column("accepted_by_id", sa.Uuid(), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["accepted_by_id"],
            ["memberships.id"],
            name=op.f("fk_accepted_wordings_accepted_by_id_memberships"),
        ),
        sa.ForeignKeyConstraint(
            ["activity_id"],
            ["activities.id"],
            name=op.f("fk_accepted_wordings_activity_id_activities"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accepted_wordings")),
        sa.UniqueConstraint(
            "activity_id",
            "item_id",
            "wording",
            name=op.f("uq_accepted_wordings_activity_id_item_id_wording"),
        ),
    )
    op.create_table(
        "attempts",
        sa.Column("activity_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("form", sa.JSON(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("saved_version", sa.Integer(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("score", sa.String(length=40), nullable=True),
        sa.Column("maximum", sa.String(length=40), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["activities.id"], name=op.f("fk_attempts_activity_id_activities")
        ),
        sa.ForeignKeyConstraint(
            ["content_hash"],
            ["module_versions.content_hash"],
            name=op.f("fk_attempts_content_hash_module_versions"),
        ),
        sa.ForeignKeyConstraint(
            ["membership_id"],
            ["memberships.id"],
            name=op.f("fk_attempts_membership_id_memberships"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
        sa.UniqueConstraint(
            "activity_id",
            "membership_id",
            "number",
            name=op.f("uq_attempts_activity_id_membership_id_number"),
        ),
    )
    op.create_index(op.f("ix_attempts_membership_id"), "attempts", ["membership_id"], unique=False)
    op.create_index(
        "uq_attempts_open",
        "attempts",
        ["activity_id", "membership_id"],
        unique=True,
        sqlite_where=sa.text("state = 'in_progress'"),
        postgresql_where=sa.text("state = 'in_progress'"),
    )
    op.create_table(
        "reflections",
        sa.Column("activity_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("prompt_id", sa.String(length=100), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("saved_version", sa.Integer(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("word_count", sa.Integer(), nullable=False),
        sa.Column("submitted_text", sa.LargeBinary(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["activities.id"], name=op.f("fk_reflections_activity_id_activities")
        ),
        sa.ForeignKeyConstraint(
            ["content_hash"],
            ["module_versions.content_hash"],
            name=op.f("fk_reflections_content_hash_module_versions"),
        ),
        sa.ForeignKeyConstraint(
            ["membership_id"],
            ["memberships.id"],
            name=op.f("fk_reflections_membership_id_memberships"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reflections")),
        sa.UniqueConstraint(
            "activity_id",
            "membership_id",
            "prompt_id",
            name=op.f("uq_reflections_activity_id_membership_id_prompt_id"),
        ),
    )
    op.create_index(
        op.f("ix_reflections_membership_id"), "reflections", ["membership_id"], unique=False
    )
    op.create_table(
        "drafts",
        sa.Column("reflection_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sealed_text", sa.LargeBinary(), nullable=False),
        sa.Column("word_count", sa.Integer(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["reflection_id"], ["reflections.id"], name=op.f("fk_drafts_reflection_id_reflections")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drafts")),
        sa.UniqueConstraint(
            "reflection_id", "version", name=op.f("uq_drafts_reflection_id_version")
        ),
    )
    op.create_table(
        "grades",
        sa.Column("activity_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("score", sa.String(length=40), nullable=True),
        sa.Column("maximum", sa.String(length=40), nullable=False),
        sa.Column("parts", sa.JSON(), nullable=False),
        sa.Column("attempt_id", sa.Uuid(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("comment", sa.String(length=500), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["activities.id"], name=op.f("fk_grades_activity_id_activities")
        ),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempts.id"], name=op.f("fk_grades_attempt_id_attempts")
        ),
        sa.ForeignKeyConstraint(
            ["membership_id"], ["memberships.id"], name=op.f("fk_grades_membership_id_memberships")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grades")),
        sa.UniqueConstraint(
            "activity_id", "membership_id", name=op.f("uq_grades_activity_id_membership_id")
        ),
    )
    op.create_index(op.f("ix_grades_membership_id"), "grades", ["membership_id"], unique=False)
    op.create_table(
        "responses",
        sa.Column("attempt_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.String(length=100), nullable=False),
        sa.Column("value", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("confidence", sa.Integer(), nullable=True),
        sa.Column("points", sa.String(length=40), nullable=True),
        sa.Column("is_correct", sa.Boolean(), nullable=True),
        sa.Column("is_unmatched", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempts.id"], name=op.f("fk_responses_attempt_id_attempts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_responses")),
        sa.UniqueConstraint("attempt_id", "item_id", name=op.f("uq_responses_attempt_id_item_id")),
    )
    op.create_table(
        "rubric_assessments",
        sa.Column("reflection_id", sa.Uuid(), nullable=False),
        sa.Column("selections", sa.JSON(), nullable=False),
        sa.Column("share", sa.String(length=40), nullable=False),
        sa.Column("sealed_comment", sa.LargeBinary(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("assessed_by_id", sa.Uuid(), nullable=True),
        sa.Column("assessed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["assessed_by_id"],
            ["memberships.id"],
            name=op.f("fk_rubric_assessments_assessed_by_id_memberships"),
        ),
        sa.ForeignKeyConstraint(
            ["reflection_id"],
            ["reflections.id"],
            name=op.f("fk_rubric_assessments_reflection_id_reflections"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rubric_assessments")),
        sa.UniqueConstraint("reflection_id", name=op.f("uq_rubric_assessments_reflection_id")),
    )
    op.create_table(
        "score_deliveries",
        sa.Column("activity_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("registration_id", sa.Uuid(), nullable=False),
        sa.Column("grade_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("desired_version", sa.Integer(), nullable=False),
        sa.Column("desired_score", sa.String(length=40), nullable=True),
        sa.Column("desired_maximum", sa.String(length=40), nullable=False),
        sa.Column("desired_submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("desired_started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("desired_comment_digest", sa.String(length=64), nullable=False),
        sa.Column("desired_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_version", sa.Integer(), nullable=False),
        sa.Column("told_url", sa.String(length=1000), nullable=False),
        sa.Column("told_score", sa.String(length=40), nullable=True),
        sa.Column("told_maximum", sa.String(length=40), nullable=True),
        sa.Column("told_submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_timestamp", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_comment_digest", sa.String(length=64), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_score", sa.String(length=40), nullable=True),
        sa.Column("seen_maximum", sa.String(length=40), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_token", sa.String(length=32), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=60), nullable=False),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("last_detail", sa.String(length=200), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["activity_id"],
            ["activities.id"],
            name=op.f("fk_score_deliveries_activity_id_activities"),
        ),
        sa.ForeignKeyConstraint(
            ["grade_id"], ["grades.id"], name=op.f("fk_score_deliveries_grade_id_grades")
        ),
        sa.ForeignKeyConstraint(
            ["membership_id"],
            ["memberships.id"],
            name=op.f("fk_score_deliveries_membership_id_memberships"),
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["registrations.id"],
            name=op.f("fk_score_deliveries_registration_id_registrations"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_score_deliveries")),
        sa.UniqueConstraint(
            "activity_id",
            "membership_id",
            name=op.f("uq_score_deliveries_activity_id_membership_id"),
        ),
    )
    op.create_index(
        op.f("ix_score_deliveries_membership_id"),
        "score_deliveries",
        ["membership_id"],
        unique=False,
    )
    op.create_index(
        "ix_score_deliveries_registration_state",
        "score_deliveries",
        ["registration_id", "state", "next_at"],
        unique=False,
    )
    op.create_index(
        "ix_score_deliveries_state_next_at", "score_deliveries", ["state", "next_at"], unique=False
    )
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in SQLITE_APPEND_ONLY if is_sqlite else POSTGRES_APPEND_ONLY:
        op.execute(statement)


def downgrade() -> None:
    op.drop_index("ix_score_deliveries_state_next_at", table_name="score_deliveries")
    op.drop_index("ix_score_deliveries_registration_state", table_name="score_deliveries")
    op.drop_index(op.f("ix_score_deliveries_membership_id"), table_name="score_deliveries")
    op.drop_table("score_deliveries")
    op.drop_table("rubric_assessments")
    op.drop_table("responses")
    op.drop_index(op.f("ix_grades_membership_id"), table_name="grades")
    op.drop_table("grades")
    op.drop_table("drafts")
    op.drop_index(op.f("ix_reflections_membership_id"), table_name="reflections")
    op.drop_table("reflections")
    op.drop_index(
        "uq_attempts_open",
        table_name="attempts",
        sqlite_where=sa.text("state = 'in_progress'"),
        postgresql_where=sa.text("state = 'in_progress'"),
    )
    op.drop_index(op.f("ix_attempts_membership_id"), table_name="attempts")
    op.drop_table("attempts")
    op.drop_table("accepted_wordings")
    op.drop_table("line_items")
    op.drop_index(op.f("ix_launch_sessions_user_id"), table_name="launch_sessions")
    op.drop_index("ix_launch_sessions_expires_at", table_name="launch_sessions")
    op.drop_table("launch_sessions")
    op.drop_table("activities")
    op.drop_table("resource_links")
    op.drop_index(op.f("ix_memberships_user_id"), table_name="memberships")
    op.drop_table("memberships")
    op.drop_index(op.f("ix_profiles_expires_at"), table_name="profiles")
    op.drop_table("profiles")
    op.drop_table("contexts")
    op.drop_table("users")
    op.drop_table("platform_key_sets")
    op.drop_table("deployments")
    op.drop_table("access_tokens")
    op.drop_index(op.f("ix_worker_beats_seen_at"), table_name="worker_beats")
    op.drop_table("worker_beats")
    op.drop_index(op.f("ix_tool_keys_state"), table_name="tool_keys")
    op.drop_table("tool_keys")
    op.drop_table("timetable")
    op.drop_table("registrations")
    op.drop_index(op.f("ix_module_versions_module_id"), table_name="module_versions")
    op.drop_table("module_versions")
    op.drop_index(op.f("ix_audit_events_object_id"), table_name="audit_events")
    op.drop_index(op.f("ix_audit_events_context_id"), table_name="audit_events")
    op.drop_index(op.f("ix_audit_events_at"), table_name="audit_events")
    op.drop_index(op.f("ix_audit_events_actor_id"), table_name="audit_events")
    op.drop_index(op.f("ix_audit_events_action"), table_name="audit_events")
    op.drop_table("audit_events")
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION refuse_audit_change()")
