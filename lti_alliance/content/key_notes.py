"""Keys that are judgements: a draft, or adopted with a note of who has agreed."""

from lti_alliance.content.blocks import Block
from lti_alliance.content.faults import Faults
from lti_alliance.content.values import read_choice
from lti_alliance.domain.items import KeyState

MIN_PANEL = 3
"""How many people have to agree before a judgement is a key."""

_WRITE_PANEL = "Write `panel: name or role; name or role; name or role`, or `key: draft`."


def read_key(block: Block, faults: Faults) -> KeyState:
    """Read whether the key is a draft; it has to be said, since it is a judgement."""
    attribute = block.attributes.get("key")
    if attribute is None:
        remedy = "Write `key: draft`, or `key: adopted` if several people have agreed on it."
        faults.error(block.part.line, f"{block.id} does not say what its key is", remedy)
    key = read_choice(attribute, KeyState, KeyState.DRAFT, faults)
    panel = block.attributes.get("panel")
    experts = len(read_panel(block))
    if attribute is not None and key is KeyState.ADOPTED and experts < MIN_PANEL:
        problem = f"{block.id} has an adopted key and {experts} of {MIN_PANEL} experts"
        faults.error(panel.line if panel else attribute.line, problem, _WRITE_PANEL)
    elif panel is not None and key is KeyState.DRAFT:
        remedy = "Write `key: adopted`, or remove the panel."
        faults.warn(panel.line, f"{block.id} names a panel and calls its key a draft", remedy)
    return key


def read_panel(block: Block) -> tuple[str, ...]:
    """Read who has agreed on the key, each once."""
    attribute = block.attributes.get("panel")
    return read_names(attribute.value) if attribute else ()


def read_names(text: str) -> tuple[str, ...]:
    """Split names or roles at semicolons, each once."""
    names = (" ".join(name.split()) for name in text.split(";"))
    return tuple({name.casefold(): name for name in names if name}.values())
