"""XML-RPC, as far as one dead dialect needs it: a call with one struct, an answer with one text.

The calls and answers that iStock published are its pattern. Answers are read by a parser that
refuses entities, which could grow without end.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple
from xml.etree.ElementTree import Element, SubElement, tostring

from affiliate.transport.messages import parse_xml

TYPES: Final = {bool: "boolean", int: "int", str: "string"}
"""The elements of plain values."""

Value = str | int | Sequence["Value"] | Mapping[str, "Value"]
"""What a struct may hold; a sequence is sent as a struct whose members are numbered."""


class Fault(NamedTuple):
    """An answer that says no; the code is 0 where it is no number."""

    code: int
    words: str


def build_call(method: str, values: Mapping[str, Value]) -> bytes:
    """Return the body of a call of ``method`` with one struct."""
    root = Element("methodCall")
    SubElement(root, "methodName").text = method
    _add(SubElement(SubElement(root, "params"), "param"), values)
    body: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return body


def _add(parent: Element, value: Value) -> None:
    """Put a value into an element."""
    element = SubElement(parent, "value")
    if isinstance(value, str | int):
        text = str(int(value)) if isinstance(value, int) else value
        SubElement(element, TYPES[type(value)]).text = text
        return
    struct = SubElement(element, "struct")
    pairs = value.items() if isinstance(value, Mapping) else enumerate(value)
    for name, one in pairs:
        member = SubElement(struct, "member")
        SubElement(member, "name").text = str(name)
        _add(member, one)


def text_of(answer: Element) -> str | None:
    """Return the one text of an answer that says yes; None where there is none."""
    return answer.findtext("params/param/value/string")


def fault_of(body: bytes) -> Fault | None:
    """Return the fault in an answer; None where it says yes or can't be read."""
    answer = parse_xml(body)
    struct = None if answer is None else answer.find("fault/value/struct")
    if struct is None:
        return None
    members = {one.findtext("name"): one for one in struct.iterfind("member")}
    code, words = (
        (members[name].findtext(f"value/{kind}") or "") if name in members else ""
        for name, kind in (("faultCode", "int"), ("faultString", "string"))
    )
    return Fault(int(code) if code.isdecimal() else 0, words)
