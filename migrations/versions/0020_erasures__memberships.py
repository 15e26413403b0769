"""Who was erased, by digest; and the memberships whose person is no longer known."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "erasures",
        sa.Column("person_digest", sa.String(length=64), nullable=False),
        sa.Column("context_id", sa.Uuid(), nullable=True),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasures")),
    )
    op.create_index(op.f("ix_erasures_person_digest"), "erasures", ["person_digest"])
    op.add_column("memberships", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("memberships", "erased_at")
    op.drop_index(op.f("ix_erasures_person_digest"), table_name="erasures")
    op.drop_table("erasures")
