"""Keys that are judgements: adopted in an activity, and what colleagues would have them say."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "adopted_keys",
        sa.Column("activity_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.String(length=100), nullable=False),
        sa.Column("item_hash", sa.String(length=64), nullable=False),
        sa.Column("adopted_by_id", sa.Uuid(), nullable=False),
        sa.Column("adopted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["activities.id"], name=op.f("fk_adopted_keys_activity_id_activities")
        ),
        sa.ForeignKeyConstraint(
            ["adopted_by_id"],
            ["memberships.id"],
            name=op.f("fk_adopted_keys_adopted_by_id_memberships"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_adopted_keys")),
        sa.UniqueConstraint(
            "activity_id", "item_id", name=op.f("uq_adopted_keys_activity_id_item_id")
        ),
    )
    op.create_table(
        "key_votes",
        sa.Column("activity_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.String(length=100), nullable=False),
        sa.Column("item_hash", sa.String(length=64), nullable=False),
        sa.Column("voter_id", sa.Uuid(), nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.Column("voted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["activities.id"], name=op.f("fk_key_votes_activity_id_activities")
        ),
        sa.ForeignKeyConstraint(
            ["voter_id"], ["memberships.id"], name=op.f("fk_key_votes_voter_id_memberships")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_votes")),
        sa.UniqueConstraint(
            "activity_id",
            "item_id",
            "voter_id",
            name=op.f("uq_key_votes_activity_id_item_id_voter_id"),
        ),
    )


def downgrade() -> None:
    op.drop_table("key_votes")
    op.drop_table("adopted_keys")
