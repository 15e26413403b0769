"""A key for the texts of each course, sealed with the tool's data key."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "course_keys",
        sa.Column("context_id", sa.Uuid(), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=True),
        sa.Column("wrapped_before", sa.LargeBinary(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("destroyed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["context_id"], ["contexts.id"], name=op.f("fk_course_keys_context_id_contexts")
        ),
        sa.PrimaryKeyConstraint("context_id", name=op.f("pk_course_keys")),
    )


def downgrade() -> None:
    # What was sealed with these keys cannot be read without them.
    op.drop_table("course_keys")
