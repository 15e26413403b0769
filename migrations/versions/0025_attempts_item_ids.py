"""The ids of the items that an attempt was given, beside the form that they stand in."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Empty for attempts begun before: there the ids are read out of the form, as they were.
    op.add_column("attempts", sa.Column("item_ids", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("attempts", "item_ids")
