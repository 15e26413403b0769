"""When an activity is settled next; indexes for what is looked for when rows are deleted."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

COLUMNS = (
    ("accepted_wordings", "accepted_by_id"),
    ("accommodations", "changed_by_id"),
    ("adopted_keys", "adopted_by_id"),
    ("authored_modules", "created_by_id"),
    ("authored_modules", "updated_by_id"),
    ("authored_versions", "published_by_id"),
    ("content_items", "placed_by_id"),
    ("draft_assessments", "marked_by_id"),
    ("grades", "attempt_id"),
    ("item_questions", "answered_by_id"),
    ("item_regrades", "decided_by_id"),
    ("key_votes", "voter_id"),
    ("launch_sessions", "context_id"),
    ("launch_sessions", "membership_id"),
    ("passage_comments", "author_id"),
    ("reflections", "flagged_by_id"),
    ("rubric_assessments", "assessed_by_id"),
    ("score_adjustments", "made_by_id"),
    ("score_deliveries", "grade_id"),
    ("submitted_versions", "returned_by_id"),
)


def upgrade() -> None:
    # A constant default: no row is rewritten, and each activity is looked at once, soon.
    op.add_column(
        "activities",
        sa.Column(
            "settle_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("'2000-01-01 00:00:00+00'"),
            nullable=True,
        ),
    )
    op.create_index(op.f("ix_activities_settle_at"), "activities", ["settle_at"])
    for table, column in COLUMNS:
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])


def downgrade() -> None:
    for table, column in reversed(COLUMNS):
        op.drop_index(op.f(f"ix_{table}_{column}"), table_name=table)
    op.drop_index(op.f("ix_activities_settle_at"), table_name="activities")
    with op.batch_alter_table("activities") as batch:
        batch.drop_column("settle_at")
