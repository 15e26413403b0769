"""Rosters: who is in a course, and when the platform was last asked."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "roster_entries",
        sa.Column("context_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=30), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["context_id"], ["contexts.id"], name=op.f("fk_roster_entries_context_id_contexts")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_roster_entries_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_entries")),
        sa.UniqueConstraint(
            "context_id", "user_id", name=op.f("uq_roster_entries_context_id_user_id")
        ),
    )
    op.create_index(op.f("ix_roster_entries_user_id"), "roster_entries", ["user_id"])
    op.create_table(
        "roster_readings",
        sa.Column("context_id", sa.Uuid(), nullable=False),
        sa.Column("registration_id", sa.Uuid(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_token", sa.String(length=32), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=60), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["context_id"], ["contexts.id"], name=op.f("fk_roster_readings_context_id_contexts")
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["registrations.id"],
            name=op.f("fk_roster_readings_registration_id_registrations"),
        ),
        sa.PrimaryKeyConstraint("context_id", name=op.f("pk_roster_readings")),
    )
    op.create_index("ix_roster_readings_next_at", "roster_readings", ["next_at"])


def downgrade() -> None:
    op.drop_index("ix_roster_readings_next_at", table_name="roster_readings")
    op.drop_table("roster_readings")
    op.drop_index(op.f("ix_roster_entries_user_id"), table_name="roster_entries")
    op.drop_table("roster_entries")
