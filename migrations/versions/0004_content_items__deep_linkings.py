"""Activities placed by deep linking; the courses that a course was copied from."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "content_items",
        sa.Column("context_id", sa.Uuid(), nullable=False),
        sa.Column("module_id", sa.String(length=100), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("title", sa.String(length=255), nullable=False),
        sa.Column("placed_by_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["content_hash"],
            ["module_versions.content_hash"],
            name=op.f("fk_content_items_content_hash_module_versions"),
        ),
        sa.ForeignKeyConstraint(
            ["context_id"], ["contexts.id"], name=op.f("fk_content_items_context_id_contexts")
        ),
        sa.ForeignKeyConstraint(
            ["placed_by_id"],
            ["memberships.id"],
            name=op.f("fk_content_items_placed_by_id_memberships"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content_items")),
    )
    op.create_index(op.f("ix_content_items_context_id"), "content_items", ["context_id"])
    op.create_table(
        "deep_linkings",
        sa.Column("launch_session_id", sa.Uuid(), nullable=False),
        sa.Column("return_url", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("accepts_multiple", sa.Boolean(), nullable=False),
        sa.Column("accepts_line_item", sa.Boolean(), nullable=False),
        sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["launch_session_id"],
            ["launch_sessions.id"],
            name=op.f("fk_deep_linkings_launch_session_id_launch_sessions"),
        ),
        sa.PrimaryKeyConstraint("launch_session_id", name=op.f("pk_deep_linkings")),
    )
    op.add_column("activities", sa.Column("content_item_id", sa.Uuid(), nullable=True))
    op.create_index(op.f("ix_activities_content_item_id"), "activities", ["content_item_id"])
    op.add_column(
        "launch_sessions",
        sa.Column("context_history", sa.Text(), server_default=sa.text("''"), nullable=False),
    )


def downgrade() -> None:
    op.drop_column("launch_sessions", "context_history")
    op.drop_index(op.f("ix_activities_content_item_id"), table_name="activities")
    op.drop_column("activities", "content_item_id")
    op.drop_table("deep_linkings")
    op.drop_index(op.f("ix_content_items_context_id"), table_name="content_items")
    op.drop_table("content_items")
