"""XML-RPC for `istock.xmlrpc_client`: calls with one struct, answers with one text.

The calls and answers that iStock published are the pattern. Answers are read by a parser that
refuses entities, which could expand without end.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple
from xml.etree.ElementTree import Element, SubElement, tostring

from affiliate.transport.messages import parse_xml

TYPES: Final = {bool: "boolean", int: "int", str: "string"}
"""The elements of plain values."""

Value = str | int | Sequence["Value"] | Mapping[str, "Value"]
"""The values of a struct; a sequence is sent as a struct with numbered members."""


class Fault(NamedTuple):
    """A fault in an answer; ``code`` is 0 where the answer's code is no number."""

    code: int
    words: str


def build_call(method: str, values: Mapping[str, Value]) -> bytes:
    """Return the body of a call of ``method`` with one struct."""
    root = Element("methodCall")
    SubElement(root, "methodName").text = method
    _add_value(SubElement(SubElement(root, "params"), "param"), values)
    body: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return body


def _add_value(parent: Element, value: Value) -> None:
    """Add a value to an element."""
    element = SubElement(parent, "value")
    if isinstance(value, str | int):
        text = str(int(value)) if isinstance(value, int) else value
        SubElement(element, TYPES[type(value)]).text = text
        return
    struct = SubElement(element, "struct")
    pairs = value.items() if isinstance(value, Mapping) else enumerate(value)
    for name, item in pairs:
        member = SubElement(struct, "member")
        SubElement(member, "name").text = str(name)
        _add_value(member, item)


def read_text(answer: Element) -> str | None:
    """Return the single text of a successful answer; None where there is none."""
    return answer.findtext("params/param/value/string")


def read_fault(body: bytes) -> Fault | None:
    """Return the fault in an answer; None where the answer has no fault or is unreadable."""
    answer = parse_xml(body)
    struct = None if answer is None else answer.find("fault/value/struct")
    if struct is None:
        return None
    members = {member.findtext("name"): member for member in struct.iterfind("member")}
    code, words = (
        (members[name].findtext(f"value/{kind}") or "") if name in members else ""
        for name, kind in (("faultCode", "int"), ("faultString", "string"))
    )
    return Fault(int(code) if code.isdecimal() else 0, words)
