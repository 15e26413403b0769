"""Practice: sets of items that students answer for themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "practice_sets",
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("activity_id", sa.Uuid(), nullable=True),
        sa.Column("form", sa.JSON(), nullable=False),
        sa.Column("responses", sa.JSON(), nullable=False),
        sa.Column("outcome", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["activities.id"], name=op.f("fk_practice_sets_activity_id_activities")
        ),
        sa.ForeignKeyConstraint(
            ["membership_id"],
            ["memberships.id"],
            name=op.f("fk_practice_sets_membership_id_memberships"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_practice_sets")),
    )
    op.create_index(op.f("ix_practice_sets_membership_id"), "practice_sets", ["membership_id"])
    op.create_index(
        "uq_practice_sets_warm_up",
        "practice_sets",
        ["activity_id", "membership_id"],
        unique=True,
        sqlite_where=sa.text("kind = 'warm_up'"),
        postgresql_where=sa.text("kind = 'warm_up'"),
    )


def downgrade() -> None:
    op.drop_index("uq_practice_sets_warm_up", table_name="practice_sets")
    op.drop_index(op.f("ix_practice_sets_membership_id"), table_name="practice_sets")
    op.drop_table("practice_sets")
