"""The formats into which a module can be carried out."""

from collections.abc import Callable, Mapping

from lti_alliance.content.interchange.gift_writer import export_gift
from lti_alliance.content.interchange.moodle_writer import export_moodle_xml
from lti_alliance.content.interchange.qti2_writer import export_qti21
from lti_alliance.content.interchange.values import Exported
from lti_alliance.domain.modules import Module

EXPORTS: Mapping[str, Callable[[Module], Exported]] = {
    "gift": export_gift,
    "moodle-xml": export_moodle_xml,
    "qti21": export_qti21,
}
"""Each format by its name, and the function that writes it."""
