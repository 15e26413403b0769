"""Write migrations/versions/0001_initial.py anew from the models.

Only while 0001 has not been released: afterwards a change of the models is a new migration
(`make new-migration NAME=…`).
"""

import subprocess
import sys

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from lti_alliance.models import Base
from lti_alliance.schema import MIGRATIONS, plain_type

TARGET = MIGRATIONS / "versions" / "0001_initial.py"

TEMPLATE = '''"""All tables of the first release."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SQLITE_APPEND_ONLY = (
    """
    CREATE TRIGGER audit_events_no_update BEFORE UPDATE ON audit_events
    BEGIN SELECT RAISE(ABORT, 'audit events are never changed'); END
    """,
    """
    CREATE TRIGGER audit_events_no_delete BEFORE DELETE ON audit_events
    BEGIN SELECT RAISE(ABORT, 'audit events are never changed'); END
    """,
)
POSTGRES_APPEND_ONLY = (
    """
    CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'audit events are never changed'; END $$
    """,
    """
    CREATE TRIGGER audit_events_no_change BEFORE UPDATE OR DELETE ON audit_events
    FOR EACH ROW EXECUTE FUNCTION refuse_audit_change()
    """,
    """
    CREATE TRIGGER audit_events_no_truncate BEFORE TRUNCATE ON audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()
    """,
)


def upgrade() -> None:
    {upgrade}
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in SQLITE_APPEND_ONLY if is_sqlite else POSTGRES_APPEND_ONLY:
        op.execute(statement)


def downgrade() -> None:
    {downgrade}
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION refuse_audit_change()")
'''


def main() -> None:
    """Write the file."""
    others = [p.name for p in TARGET.parent.glob("[0-9]*.py") if p != TARGET]
    if others:
        sys.exit(f"0001 is history: {others[0]} builds on it. Write a new migration instead.")
    with create_engine("sqlite://").connect() as connection:
        opts = {"render_item": plain_type, "sqlalchemy_module_prefix": "sa."}
        context = MigrationContext.configure(connection, opts=opts)
        script = produce_migrations(context, Base.metadata)
        assert script.upgrade_ops is not None
        assert script.downgrade_ops is not None
        upgrade = render_python_code(
            script.upgrade_ops, render_item=plain_type, migration_context=context
        )
        downgrade = render_python_code(
            script.downgrade_ops, render_item=plain_type, migration_context=context
        )
    # Alembic writes a constraint marked use_alter and then never adds it on PostgreSQL.
    upgrade = upgrade.replace(", use_alter=True", "")
    lines = [
        "\n".join(line for line in part.splitlines() if "# ### " not in line).strip()
        for part in (upgrade, downgrade)
    ]
    TARGET.write_text(TEMPLATE.format(upgrade=lines[0], downgrade=lines[1]), encoding="utf-8")
    (MIGRATIONS / "HEAD").write_text("0001\n", encoding="utf-8")
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", str(TARGET)], check=True)


if __name__ == "__main__":
    main()
