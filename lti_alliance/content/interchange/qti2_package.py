"""What holds a QTI 2.1 package together: its manifest, and a test with a section for each pool."""

from collections.abc import Mapping
from typing import Any

from lxml import etree

from lti_alliance.domain.modules import Module

QTI = "http://www.imsglobal.org/xsd/imsqti_v2p1"
PACKAGE = "http://www.imsglobal.org/xsd/imscp_v1p1"

_KINDS = {"test.xml": "imsqti_test_xmlv2p1", "xml": "imsqti_item_xmlv2p1", "html": "webcontent"}


def write_test(module: Module, written: set[str]) -> bytes:
    """Write the test: the items that everybody gets, then each pool with how many it draws."""
    root = new_root("assessmentTest", QTI, {"identifier": module.id, "title": module.title})
    part = etree.SubElement(root, "testPart", identifier="part")
    part.set("navigationMode", "nonlinear")
    part.set("submissionMode", "simultaneous")
    pooled = {item_id for pool in module.quiz.pools for item_id in pool.item_ids}
    fixed = [item.id for item in module.quiz.items if item.id not in pooled]
    _section(part, "section-0", module.title, [i for i in fixed if i in written], None)
    for number, pool in enumerate(module.quiz.pools, start=1):
        ids = [item_id for item_id in pool.item_ids if item_id in written]
        _section(part, f"section-{number}", pool.name, ids, pool.pick)
    return as_bytes(root)


def _section(part: etree._Element, name: str, title: str, ids: list[str], pick: int | None) -> None:
    section = etree.SubElement(part, "assessmentSection", identifier=name, title=title)
    section.set("visible", "false")
    if pick is not None:
        etree.SubElement(section, "selection", select=str(min(pick, len(ids))))
    for item_id in ids:
        etree.SubElement(
            section, "assessmentItemRef", identifier=item_id, href=f"items/{item_id}.xml"
        )


def stimulus_file(html: str) -> bytes:
    """Write a shared stimulus: a page with a vignette."""
    page = f'<!DOCTYPE html><html><head><meta charset="utf-8"/></head><body>{html}</body></html>'
    return page.encode()


def write_manifest(module: Module, paths: list[str], needs: Mapping[str, str]) -> bytes:
    """Write the list of the files; ``needs`` are the shared stimuli of items, by file."""
    root = new_root("manifest", PACKAGE, {"identifier": f"package-{module.id}"})
    metadata = etree.SubElement(root, "metadata")
    etree.SubElement(metadata, "schema").text = "IMS Content"
    etree.SubElement(metadata, "schemaversion").text = "1.1"
    etree.SubElement(root, "organizations")
    resources = etree.SubElement(root, "resources")
    for number, path in enumerate(paths):
        kind = _KINDS[path if path in _KINDS else path.rpartition(".")[2]]
        resource = etree.SubElement(resources, "resource", identifier=f"r-{number}", type=kind)
        resource.set("href", path)
        etree.SubElement(resource, "file", href=path)
        if path in needs:
            shared = f"r-{paths.index(needs[path])}"
            etree.SubElement(resource, "dependency", identifierref=shared)
    return as_bytes(root)


def new_root(name: str, namespace: str, facts: Mapping[str, str]) -> etree._Element:
    """Begin a document in a namespace."""
    # The elements are made without a namespace; their source declares it for all of them.
    spaces: Any = {None: namespace}
    return etree.Element(name, dict(facts), nsmap=spaces)


def as_bytes(root: etree._Element) -> bytes:
    """Write a document."""
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
