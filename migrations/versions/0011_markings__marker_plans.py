"""Markings: whose a reflection is to mark, and how they marked it; plans to share them out."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "markings",
        sa.Column("reflection_id", sa.Uuid(), nullable=False),
        sa.Column("marker_id", sa.Uuid(), nullable=False),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("selections", sa.JSON(), nullable=False),
        sa.Column("sealed_comment", sa.LargeBinary(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("marked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["marker_id"], ["memberships.id"], name=op.f("fk_markings_marker_id_memberships")
        ),
        sa.ForeignKeyConstraint(
            ["reflection_id"],
            ["reflections.id"],
            name=op.f("fk_markings_reflection_id_reflections"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_markings")),
        sa.UniqueConstraint(
            "reflection_id", "marker_id", name=op.f("uq_markings_reflection_id_marker_id")
        ),
    )
    op.create_index(op.f("ix_markings_marker_id"), "markings", ["marker_id"])
    op.create_table(
        "marker_plans",
        sa.Column("activity_id", sa.Uuid(), nullable=False),
        sa.Column("marker_ids", sa.JSON(), nullable=False),
        sa.Column("per_reflection", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["activities.id"], name=op.f("fk_marker_plans_activity_id_activities")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_marker_plans")),
        sa.UniqueConstraint("activity_id", name=op.f("uq_marker_plans_activity_id")),
    )


def downgrade() -> None:
    op.drop_table("marker_plans")
    op.drop_index(op.f("ix_markings_marker_id"), table_name="markings")
    op.drop_table("markings")
