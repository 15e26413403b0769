"""Corrected keys: what becomes of earlier answers, and what students question."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "item_regrades",
        sa.Column("activity_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.String(length=100), nullable=False),
        sa.Column("item_hash", sa.String(length=64), nullable=False),
        sa.Column("choice", sa.String(length=20), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("decided_for", sa.String(length=64), nullable=False),
        sa.Column("decided_by_id", sa.Uuid(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["activities.id"], name=op.f("fk_item_regrades_activity_id_activities")
        ),
        sa.ForeignKeyConstraint(
            ["content_hash"],
            ["module_versions.content_hash"],
            name=op.f("fk_item_regrades_content_hash_module_versions"),
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"],
            ["memberships.id"],
            name=op.f("fk_item_regrades_decided_by_id_memberships"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item_regrades")),
        sa.UniqueConstraint(
            "activity_id",
            "item_id",
            "item_hash",
            name=op.f("uq_item_regrades_activity_id_item_id_item_hash"),
        ),
    )
    op.create_table(
        "item_questions",
        sa.Column("attempt_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.String(length=100), nullable=False),
        sa.Column("sealed_text", sa.LargeBinary(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sealed_answer", sa.LargeBinary(), nullable=True),
        sa.Column("answered_by_id", sa.Uuid(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["answered_by_id"],
            ["memberships.id"],
            name=op.f("fk_item_questions_answered_by_id_memberships"),
        ),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempts.id"], name=op.f("fk_item_questions_attempt_id_attempts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item_questions")),
        sa.UniqueConstraint(
            "attempt_id", "item_id", name=op.f("uq_item_questions_attempt_id_item_id")
        ),
    )
    op.create_index(op.f("ix_item_questions_item_id"), "item_questions", ["item_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_item_questions_item_id"), table_name="item_questions")
    op.drop_table("item_questions")
    op.drop_table("item_regrades")
