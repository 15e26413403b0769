"""The time zone of the person, as the launch told it."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "launch_sessions",
        sa.Column("time_zone", sa.String(length=64), server_default=sa.text("''"), nullable=False),
    )


def downgrade() -> None:
    op.drop_column("launch_sessions", "time_zone")
