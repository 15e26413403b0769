"""The ``alliance`` command: what an operator does at a server, one module for each noun.

Exit status 0 is done, 1 failed, 2 wrong usage; an error is one sentence on standard error.
"""

from lti_alliance.cli.group import main, register

__all__ = ["main", "register"]
