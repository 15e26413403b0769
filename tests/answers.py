"""Right answers to items of every kind, as a form sends them."""

from lti_alliance.domain.items import (
    ChoiceResponse,
    Item,
    LinesResponse,
    PathResponse,
    key_response,
)


def right_values(item: Item) -> list[str]:
    """Return the values of an item's fields that earn everything."""
    response = key_response(item)
    match response:
        case ChoiceResponse():
            return list(response.chosen)
        case LinesResponse():
            return [f"{line}:{choice}" for line, choice in response.pairs.items()]
        case PathResponse():
            return list(response.path)
        case _:
            return [response.text]
