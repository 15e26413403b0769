"""Run on a host that is then cut off: begin an act of the tool, change a row, and never end it.

It says so in a line of its own and sleeps with the row and the lock of the claims in its hands.
"""

import sys
import time

from sqlalchemy import select

from lti_alliance.app import create_app
from lti_alliance.demo.run import act
from lti_alliance.models import TimetableEntry
from lti_alliance.services.score_claims import one_claim_at_a_time

HELD = "held"


def main() -> None:
    """Hold what it holds until the process is ended."""
    app = create_app()
    with app.app_context(), act() as session:
        one_claim_at_a_time(session)
        session.scalars(select(TimetableEntry).with_for_update()).all()
        sys.stdout.write(f"{HELD}\n")
        sys.stdout.flush()
        time.sleep(3600)


if __name__ == "__main__":
    main()
