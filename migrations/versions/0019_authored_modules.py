"""Modules that a course writes for itself, and the versions it has published."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "authored_modules",
        sa.Column("context_id", sa.Uuid(), nullable=False),
        sa.Column("module_id", sa.String(length=100), nullable=False),
        sa.Column("title", sa.String(length=255), nullable=False),
        sa.Column("draft", sa.Text(), nullable=False),
        sa.Column("draft_version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("origin_hash", sa.String(length=64), server_default=sa.text("''"), nullable=False),
        sa.Column("published_hash", sa.String(length=64), nullable=True),
        sa.Column("created_by_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by_id", sa.Uuid(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["context_id"], ["contexts.id"], name=op.f("fk_authored_modules_context_id_contexts")
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["memberships.id"],
            name=op.f("fk_authored_modules_created_by_id_memberships"),
        ),
        sa.ForeignKeyConstraint(
            ["published_hash"],
            ["module_versions.content_hash"],
            name=op.f("fk_authored_modules_published_hash_module_versions"),
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"],
            ["memberships.id"],
            name=op.f("fk_authored_modules_updated_by_id_memberships"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authored_modules")),
        sa.UniqueConstraint(
            "context_id", "module_id", name=op.f("uq_authored_modules_context_id_module_id")
        ),
    )
    op.create_table(
        "authored_versions",
        sa.Column("authored_module_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.String(length=20), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("published_by_id", sa.Uuid(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["authored_module_id"],
            ["authored_modules.id"],
            name=op.f("fk_authored_versions_authored_module_id_authored_modules"),
        ),
        sa.ForeignKeyConstraint(
            ["content_hash"],
            ["module_versions.content_hash"],
            name=op.f("fk_authored_versions_content_hash_module_versions"),
        ),
        sa.ForeignKeyConstraint(
            ["published_by_id"],
            ["memberships.id"],
            name=op.f("fk_authored_versions_published_by_id_memberships"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authored_versions")),
        sa.UniqueConstraint(
            "authored_module_id",
            "version",
            name=op.f("uq_authored_versions_authored_module_id_version"),
        ),
    )


def downgrade() -> None:
    op.drop_table("authored_versions")
    op.drop_table("authored_modules")
