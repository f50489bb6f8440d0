"""Decoding into declared shapes, safely from many threads at once.

msgspec prepares a shape at its first use, and two threads that have the same struct prepared at
once crash the process (seen in 0.22 as a segmentation fault within seconds). So one thread here
prepares every shape before its first use.
"""

import threading
from typing import Any, TypeVar

import msgspec

Shape = TypeVar("Shape")

_prepared_shapes: set[Any] = set()
_lock = threading.Lock()


def convert(value: object, shape: type[Shape]) -> Shape:
    """Return parsed JSON in a shape.

    Raises:
        msgspec.ValidationError: a required field is missing, or a field is of another type.
        UnicodeError: a text holds half a character.
    """
    _prepare_shape(shape)
    return msgspec.convert(value, shape)


def decode_json(body: bytes | str, shape: type[Shape]) -> Shape:
    """Return JSON in a shape.

    Raises:
        msgspec.DecodeError, UnicodeDecodeError, RecursionError: the body is something else.
    """
    _prepare_shape(shape)
    return msgspec.json.decode(body, type=shape)


def decode_msgpack(packed: bytes, shape: type[Shape]) -> Shape:
    """Return msgpack in a shape.

    Raises:
        ValueError, TypeError, RecursionError: the bytes are something else.
    """
    _prepare_shape(shape)
    return msgspec.msgpack.decode(packed, type=shape)


def _prepare_shape(shape: Any) -> None:  # noqa: ANN401 - a type, or a form of a type
    if shape not in _prepared_shapes:
        with _lock:
            msgspec.json.Decoder(shape)
            _prepared_shapes.add(shape)
