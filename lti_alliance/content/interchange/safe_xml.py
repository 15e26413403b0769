"""XML read without anything that a hostile file could use: no DTD, no entities, no network."""

from collections.abc import Iterator
from typing import Any

from lxml import etree

from lti_alliance.content.interchange.values import unreadable

Element = Any
"""An element of lxml, whose classes cannot be named at run time."""

_DOCTYPES = tuple("<!DOCTYPE".encode(code) for code in ("ascii", "utf-16-le", "utf-16-be"))


def read_xml(content: bytes, name: str) -> Element:
    """Return the root of a document; raises ``ContentError``."""
    if any(mark in content for mark in _DOCTYPES):
        raise _refuse_doctype(name)
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        raise unreadable(
            name, "this is not well-formed XML", "Export the file again.", line=line
        ) from error
    if root is None or root.getroottree().docinfo.internalDTD is not None:
        raise _refuse_doctype(name)
    return root


def tag(element: Element) -> str:
    """Name an element without its namespace."""
    text = element.tag
    return text.rpartition("}")[2] if isinstance(text, str) else ""


def each(element: Element, *names: str) -> Iterator[Element]:
    """Go over the descendants with one of these names."""
    return (one for one in element.iter() if tag(one) in names and one is not element)


def children(element: Element, *names: str) -> list[Element]:
    """Return the children with one of these names."""
    return [one for one in element if tag(one) in names]


def first(element: Element | None, *names: str) -> Element | None:
    """Return the first descendant with one of these names."""
    return next(each(element, *names), None) if element is not None else None


def text_of(element: Element | None) -> str:
    """Return all text inside an element."""
    return "".join(element.itertext()) if element is not None else ""


def inner_xml(element: Element | None) -> str:
    """Return what is inside an element as HTML, without namespaces."""
    if element is None:
        return ""
    parts = [_escaped(element.text)]
    for child in element:
        if isinstance(child.tag, str):
            name = tag(child).lower()
            href = f' href="{_escaped(child.get("href"))}"' if name == "a" else ""
            alt = f' alt="{_escaped(child.get("alt"))}"' if name == "img" else ""
            parts.append(f"<{name}{href}{alt}>{inner_xml(child)}</{name}>")
        parts.append(_escaped(child.tail))
    return "".join(parts).replace("</img>", "").replace("</br>", "")


def _escaped(text: str | None) -> str:
    plain = (text or "").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return plain.replace('"', "&quot;")


def _refuse_doctype(name: str) -> Exception:
    return unreadable(
        name,
        "the file declares a document type, which could define entities",
        "Remove the `<!DOCTYPE …>` line; no format that can be imported needs it.",
    )
