"""Accommodations, dates told by the platform, deadlines of attempts."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_COURSE = sa.text("activity_id IS NULL")


def upgrade() -> None:
    op.create_table(
        "accommodations",
        sa.Column("context_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("activity_id", sa.Uuid(), nullable=True),
        sa.Column("time_multiplier", sa.String(length=40), nullable=False),
        sa.Column("extra_minutes", sa.Integer(), nullable=False),
        sa.Column("extra_attempts", sa.Integer(), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sealed_note", sa.LargeBinary(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_by_id", sa.Uuid(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settle_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["context_id"], ["contexts.id"], name=op.f("fk_accommodations_context_id_contexts")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_accommodations_user_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["activity_id"],
            ["activities.id"],
            name=op.f("fk_accommodations_activity_id_activities"),
        ),
        sa.ForeignKeyConstraint(
            ["changed_by_id"],
            ["memberships.id"],
            name=op.f("fk_accommodations_changed_by_id_memberships"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accommodations")),
        sa.UniqueConstraint(
            "context_id",
            "user_id",
            "activity_id",
            name=op.f("uq_accommodations_context_id_user_id_activity_id"),
        ),
    )
    op.create_index(op.f("ix_accommodations_user_id"), "accommodations", ["user_id"])
    op.create_index(op.f("ix_accommodations_settle_at"), "accommodations", ["settle_at"])
    op.create_index(
        "uq_accommodations_course",
        "accommodations",
        ["context_id", "user_id"],
        unique=True,
        sqlite_where=_COURSE,
        postgresql_where=_COURSE,
    )
    op.create_table(
        "lms_dates",
        sa.Column("resource_link_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settle_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["resource_link_id"],
            ["resource_links.id"],
            name=op.f("fk_lms_dates_resource_link_id_resource_links"),
        ),
        sa.ForeignKeyConstraint(
            ["membership_id"],
            ["memberships.id"],
            name=op.f("fk_lms_dates_membership_id_memberships"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lms_dates")),
        sa.UniqueConstraint(
            "resource_link_id",
            "membership_id",
            name=op.f("uq_lms_dates_resource_link_id_membership_id"),
        ),
    )
    op.create_index(op.f("ix_lms_dates_membership_id"), "lms_dates", ["membership_id"])
    op.create_index(op.f("ix_lms_dates_settle_at"), "lms_dates", ["settle_at"])
    op.add_column("attempts", sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "attempts", sa.Column("promised_until", sa.DateTime(timezone=True), nullable=True)
    )
    op.create_index(op.f("ix_attempts_deadline_at"), "attempts", ["deadline_at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_attempts_deadline_at"), table_name="attempts")
    op.drop_column("attempts", "promised_until")
    op.drop_column("attempts", "deadline_at")
    op.drop_table("lms_dates")
    op.drop_table("accommodations")
