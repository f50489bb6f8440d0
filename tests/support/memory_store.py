"""Keeps a store of answers in a dictionary."""


class Memory(dict[str, bytes]):
    """A store in a dictionary."""

    def set(self, key: str, value: bytes, timeout: int) -> bool:
        assert timeout > 0
        self[key] = value
        return True

    def lease(self, key: str, token: str, seconds: float) -> bool:
        assert seconds > 0
        return self.setdefault(f"lease:{key}", token.encode()) == token.encode()

    def extend(self, key: str, token: str, seconds: float) -> None:
        assert seconds > 0
        assert self.get(f"lease:{key}") in {token.encode(), None}

    def release(self, key: str, token: str) -> None:
        assert self.pop(f"lease:{key}") == token.encode()

    def incr(self, key: str, by: int, seconds: float) -> int | None:
        assert seconds > 0
        number = int(self.get(key, b"0")) + by
        self[key] = b"%d" % number
        return number
