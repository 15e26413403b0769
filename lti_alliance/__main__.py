"""``python -m lti_alliance`` is the ``alliance`` command."""

from lti_alliance.app import main

main()
