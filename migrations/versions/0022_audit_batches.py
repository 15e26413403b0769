"""Batches and seals of the audit trail, which the database refuses to change."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

TABLES = ("audit_batches", "audit_seals")


def upgrade() -> None:
    op.create_table(
        "audit_batches",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event_count", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_batches")),
        sa.UniqueConstraint("hash", name=op.f("uq_audit_batches_hash")),
        sa.UniqueConstraint("previous_hash", name=op.f("uq_audit_batches_previous_hash")),
    )
    op.create_table(
        "audit_seals",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("batch_number", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_number"],
            ["audit_batches.number"],
            name=op.f("fk_audit_seals_batch_number_audit_batches"),
        ),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_audit_seals")),
        sa.UniqueConstraint(
            "batch_number", "position", name=op.f("uq_audit_seals_batch_number_position")
        ),
    )
    for table in TABLES:
        _refuse_change(table)


def downgrade() -> None:
    # The triggers go with their tables; the function stays, because it guards the events too.
    op.drop_table("audit_seals")
    op.drop_table("audit_batches")


def _refuse_change(table: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION refuse_audit_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()"
        )
        return
    for act in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table}"
            " BEGIN SELECT RAISE(ABORT, 'audit events are never changed'); END"
        )
