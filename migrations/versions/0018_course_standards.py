"""A programme's own standards in a course, and what of its modules bears on them."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "course_standards",
        sa.Column("context_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=50), nullable=False),
        sa.Column("title", sa.String(length=255), nullable=False),
        sa.Column("text", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["context_id"], ["contexts.id"], name=op.f("fk_course_standards_context_id_contexts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_course_standards")),
        sa.UniqueConstraint("context_id", "code", name=op.f("uq_course_standards_context_id_code")),
    )
    op.create_table(
        "standard_links",
        sa.Column("standard_id", sa.Uuid(), nullable=False),
        sa.Column("module_id", sa.String(length=100), nullable=False),
        sa.Column("target", sa.String(length=20), nullable=False),
        sa.Column("key", sa.String(length=100), nullable=False),
        sa.Column("label", sa.String(length=500), nullable=False),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["standard_id"],
            ["course_standards.id"],
            name=op.f("fk_standard_links_standard_id_course_standards"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_standard_links")),
        sa.UniqueConstraint(
            "standard_id",
            "module_id",
            "target",
            "key",
            name=op.f("uq_standard_links_standard_id_module_id_target_key"),
        ),
    )


def downgrade() -> None:
    op.drop_table("standard_links")
    op.drop_table("course_standards")
