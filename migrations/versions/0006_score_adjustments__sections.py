"""Scores by hand, excuses, sections."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "score_adjustments",
        sa.Column("activity_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("score", sa.String(length=40), nullable=True),
        sa.Column("sealed_reason", sa.LargeBinary(), nullable=False),
        sa.Column("made_by_id", sa.Uuid(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["activity_id"],
            ["activities.id"],
            name=op.f("fk_score_adjustments_activity_id_activities"),
        ),
        sa.ForeignKeyConstraint(
            ["membership_id"],
            ["memberships.id"],
            name=op.f("fk_score_adjustments_membership_id_memberships"),
        ),
        sa.ForeignKeyConstraint(
            ["made_by_id"],
            ["memberships.id"],
            name=op.f("fk_score_adjustments_made_by_id_memberships"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_score_adjustments")),
        sa.UniqueConstraint(
            "activity_id", "membership_id", name=op.f("uq_score_adjustments_activity_id_membership_id")
        ),
    )
    op.create_index(
        op.f("ix_score_adjustments_membership_id"), "score_adjustments", ["membership_id"]
    )
    op.add_column("memberships", sa.Column("sections", sa.JSON(), nullable=True))
    op.execute("UPDATE memberships SET sections = '[]'")
    with op.batch_alter_table("memberships") as table:
        table.alter_column("sections", existing_type=sa.JSON(), nullable=False)
        table.add_column(
            sa.Column(
                "is_section_restricted", sa.Boolean(), nullable=False, server_default=sa.false()
            )
        )
    op.add_column(
        "contexts",
        sa.Column(
            "is_limited_to_sections", sa.Boolean(), nullable=False, server_default=sa.false()
        ),
    )
    op.add_column(
        "reflections", sa.Column("feedback_seen_at", sa.DateTime(timezone=True), nullable=True)
    )


def downgrade() -> None:
    op.drop_column("reflections", "feedback_seen_at")
    op.drop_column("contexts", "is_limited_to_sections")
    op.drop_column("memberships", "is_section_restricted")
    op.drop_column("memberships", "sections")
    op.drop_index(op.f("ix_score_adjustments_membership_id"), table_name="score_adjustments")
    op.drop_table("score_adjustments")
