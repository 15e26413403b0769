"""Deliveries that may be pending, with a history; comparisons with gradebooks; circuits."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "platform_circuits",
        sa.Column("registration_id", sa.Uuid(), nullable=False),
        sa.Column("endpoint", sa.String(length=20), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("openings", sa.Integer(), nullable=False),
        sa.Column("open_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("open_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("allowance", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=60), nullable=False),
        sa.Column("failures_total", sa.Integer(), nullable=False),
        sa.Column("refusals_total", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["registrations.id"],
            name=op.f("fk_platform_circuits_registration_id_registrations"),
        ),
        sa.PrimaryKeyConstraint("registration_id", "endpoint", name=op.f("pk_platform_circuits")),
    )
    op.create_table(
        "gradebook_checks",
        sa.Column("activity_id", sa.Uuid(), nullable=False),
        sa.Column("registration_id", sa.Uuid(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_token", sa.String(length=32), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=60), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["activity_id"],
            ["activities.id"],
            name=op.f("fk_gradebook_checks_activity_id_activities"),
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["registrations.id"],
            name=op.f("fk_gradebook_checks_registration_id_registrations"),
        ),
        sa.PrimaryKeyConstraint("activity_id", name=op.f("pk_gradebook_checks")),
    )
    op.create_index("ix_gradebook_checks_next_at", "gradebook_checks", ["next_at"], unique=False)

    op.create_table(
        "delivery_tries",
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("progress", sa.String(length=20), nullable=False),
        sa.Column("score", sa.String(length=40), nullable=True),
        sa.Column("maximum", sa.String(length=40), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=60), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["score_deliveries.id"],
            name=op.f("fk_delivery_tries_delivery_id_score_deliveries"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_tries")),
    )
    op.create_index(op.f("ix_delivery_tries_at"), "delivery_tries", ["at"], unique=False)
    op.create_index(
        "ix_delivery_tries_delivery_id_at", "delivery_tries", ["delivery_id", "at"], unique=False
    )

    # With defaults in the database: a program of the release before may still be writing.
    with op.batch_alter_table("score_deliveries") as batch:
        batch.add_column(
            sa.Column("desired_pending", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        batch.add_column(
            sa.Column("told_progress", sa.String(length=20), server_default=sa.text("''"), nullable=False)
        )
        batch.add_column(
            sa.Column("looked_version", sa.Integer(), server_default="0", nullable=False)
        )
        batch.add_column(
            sa.Column("mended_version", sa.Integer(), server_default="0", nullable=False)
        )
        batch.add_column(
            sa.Column("is_forced", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
    op.execute("UPDATE score_deliveries SET told_progress = 'FullyGraded' WHERE told_version > 0")


def downgrade() -> None:
    with op.batch_alter_table("score_deliveries") as batch:
        for name in (
            "is_forced",
            "mended_version",
            "looked_version",
            "told_progress",
            "desired_pending",
        ):
            batch.drop_column(name)
    op.drop_table("delivery_tries")
    op.drop_table("gradebook_checks")
    op.drop_table("platform_circuits")
