"""Launches: the reflection whose address was opened."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "launch_sessions",
        sa.Column(
            "target_reflection",
            sa.String(length=64),
            server_default=sa.text("''"),
            nullable=False,
        ),
    )


def downgrade() -> None:
    op.drop_column("launch_sessions", "target_reflection")
