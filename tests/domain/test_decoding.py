"""Shapes are decoded by many threads at once, however new they are."""

import sys
from pathlib import Path

import msgspec
import pytest

from affiliate.domain import decoding
from tests.support.processes import ROOT, clean_environment, run_python
from tests.support.waiting import wait_for_result

RACE = '''
import sys, threading
import msgspec
from affiliate.domain import decoding as shapes

def new():
    """Structs that nobody has used."""
    inner = msgspec.defstruct("Inner", [("x", int, 0), ("y", str | None, None)])
    outer = msgspec.defstruct("Outer", [("a", tuple[inner, ...], ()), ("b", dict[str, inner], {})])
    return msgspec.defstruct("Whole", [("data", list[outer]), ("one", outer | None, None)])

sys.setswitchinterval(1e-6)
value = {"data": [{"a": [{"x": 1, "y": "q"}], "b": {"k": {"x": 1}}}] * 20, "one": {"a": [{"x": 1}]}}
packed = msgspec.msgpack.encode(value)
text = msgspec.json.encode(value)
for number in range(100):
    shape, together = new(), threading.Barrier(9)

    def read(turn):
        together.wait()
        (lambda: shapes.convert(value, shape),
         lambda: shapes.decode_json(text, shape),
         lambda: shapes.decode_msgpack(packed, shape))[turn % 3]()

    threads = [threading.Thread(target=read, args=(turn,)) for turn in range(9)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
print("read")
'''


def test_a_shape_is_new_to_many_threads_at_once(tmp_path: Path) -> None:
    """The library itself ends the process then, with a segmentation fault."""
    script = tmp_path / "race.py"
    script.write_text(RACE)
    environ = {**clean_environment(), "PYTHONPATH": str(ROOT)}
    with run_python(str(script), environ=environ) as process:
        out, _ = wait_for_result(process.communicate)
    assert (process.returncode, out) == (0, "read\n")


class Whole(msgspec.Struct):
    number: int


def test_each_form_is_read_into_its_shape() -> None:
    assert decoding.convert({"number": 7}, Whole) == Whole(7)
    assert decoding.decode_json('{"number": 7}', Whole) == Whole(7)
    assert decoding.decode_msgpack(msgspec.msgpack.encode({"number": 7}), Whole) == Whole(7)
    assert decoding.decode_json(b"[1, 2]", tuple[int, ...]) == (1, 2)


@pytest.mark.parametrize("value", [{}, {"number": "7"}, None, sys])
def test_what_has_another_shape_is_an_error(value: object) -> None:
    with pytest.raises(msgspec.ValidationError):
        decoding.convert(value, Whole)
