"""Reviews and observers: whom a launch is about; notices, and the copies of courses they tell of."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "launch_sessions",
        sa.Column("for_user", sa.String(length=255), server_default=sa.text("''"), nullable=False),
    )
    op.add_column("launch_sessions", sa.Column("mentored", sa.JSON(), nullable=True))
    op.add_column("line_items", sa.Column("maximum", sa.String(length=40), nullable=True))
    op.add_column(
        "contexts",
        sa.Column("assistants_excluded", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.create_table(
        "notices",
        sa.Column("registration_id", sa.Uuid(), nullable=False),
        sa.Column("notice_id", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=100), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["registrations.id"],
            name=op.f("fk_notices_registration_id_registrations"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint(
            "registration_id", "notice_id", name=op.f("uq_notices_registration_id_notice_id")
        ),
    )
    op.create_index(op.f("ix_notices_received_at"), "notices", ["received_at"])
    op.create_table(
        "course_copies",
        sa.Column("deployment_id", sa.Uuid(), nullable=False),
        sa.Column("context_lti_id", sa.String(length=255), nullable=False),
        sa.Column("origin_lti_id", sa.String(length=255), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["deployment_id"], ["deployments.id"], name=op.f("fk_course_copies_deployment_id_deployments")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_course_copies")),
        sa.UniqueConstraint(
            "deployment_id",
            "context_lti_id",
            "origin_lti_id",
            name=op.f("uq_course_copies_deployment_id_context_lti_id_origin_lti_id"),
        ),
    )
    op.create_table(
        "notice_subscriptions",
        sa.Column("deployment_id", sa.Uuid(), nullable=False),
        sa.Column("registration_id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.String(length=1000), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_token", sa.String(length=32), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=60), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["deployment_id"],
            ["deployments.id"],
            name=op.f("fk_notice_subscriptions_deployment_id_deployments"),
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["registrations.id"],
            name=op.f("fk_notice_subscriptions_registration_id_registrations"),
        ),
        sa.PrimaryKeyConstraint("deployment_id", name=op.f("pk_notice_subscriptions")),
    )
    op.create_index("ix_notice_subscriptions_next_at", "notice_subscriptions", ["next_at"])


def downgrade() -> None:
    op.drop_index("ix_notice_subscriptions_next_at", table_name="notice_subscriptions")
    op.drop_table("notice_subscriptions")
    op.drop_table("course_copies")
    op.drop_index(op.f("ix_notices_received_at"), table_name="notices")
    op.drop_table("notices")
    op.drop_column("contexts", "assistants_excluded")
    op.drop_column("line_items", "maximum")
    op.drop_column("launch_sessions", "mentored")
    op.drop_column("launch_sessions", "for_user")
