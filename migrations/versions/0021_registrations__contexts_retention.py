"""How long a registration and a course keep texts and work, and when they were removed."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_PERIODS = ("texts_days", "work_days")
_MOMENTS = ("texts_removed_at", "work_removed_at")


def upgrade() -> None:
    for table in ("registrations", "contexts"):
        for name in _PERIODS:
            op.add_column(table, sa.Column(name, sa.Integer(), nullable=True))
    for name in _MOMENTS:
        op.add_column("contexts", sa.Column(name, sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    for name in _MOMENTS:
        op.drop_column("contexts", name)
    for table in ("registrations", "contexts"):
        for name in _PERIODS:
            op.drop_column(table, name)
