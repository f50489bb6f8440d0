"""Decoding into declared shapes, safely from many threads at once.

msgspec learns a shape at its first use, and two threads that make it learn the same struct at
once crash the process (seen in 0.22 as a segmentation fault within seconds). So every shape is
learned here, by one thread, before it is used.
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
        msgspec.ValidationError: a required field is missing, or one is of another type.
        UnicodeError: a text holds half a character.
    """
    _prepare_shape(shape)
    return msgspec.convert(value, shape)


def decode_json(body: bytes | str, shape: type[Shape]) -> Shape:
    """Return JSON in a shape.

    Raises:
        msgspec.DecodeError, UnicodeDecodeError, RecursionError: it is something else.
    """
    _prepare_shape(shape)
    return msgspec.json.decode(body, type=shape)


def decode_msgpack(packed: bytes, shape: type[Shape]) -> Shape:
    """Return msgpack in a shape.

    Raises:
        ValueError, TypeError, RecursionError: it is something else.
    """
    _prepare_shape(shape)
    return msgspec.msgpack.decode(packed, type=shape)


def _prepare_shape(shape: Any) -> None:  # noqa: ANN401 - a type, or a form of one
    if shape not in _prepared_shapes:
        with _lock:
            msgspec.json.Decoder(shape)
            _prepared_shapes.add(shape)
