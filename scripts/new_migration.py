"""Write the next migration from the difference between the migrations and the models.

Usage: new_migration.py users__add_locale
"""

import re
import sys

from alembic import command
from sqlalchemy import create_engine

from lti_alliance import schema


def main(name: str) -> None:
    """Write NNNN_<name>.py and let HEAD name it."""
    if not re.fullmatch(r"[a-z0-9_]+", name):
        sys.exit("A migration's name is made of small letters, digits and underscores.")
    number = f"{int(schema.newest_revision()) + 1:04d}"
    with create_engine("sqlite://").connect() as connection:
        schema.upgrade(connection)
        config = schema.alembic_config(connection)
        command.revision(config, message=name, autogenerate=True, rev_id=number)
    (schema.MIGRATIONS / "HEAD").write_text(number + "\n", encoding="utf-8")
    sys.stdout.write("Read it, make it reversible, and add a test if it moves rows.\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
