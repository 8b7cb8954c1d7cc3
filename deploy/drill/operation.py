"""One command of a client and its answer, in memcached's text protocol. Pure."""

from dataclasses import dataclass
from typing import Optional, Tuple

STORED = "STORED"
NOT_STORED = "NOT_STORED"
EXISTS = "EXISTS"
NOT_FOUND = "NOT_FOUND"
DELETED = "DELETED"
NUMBER = "NUMBER"
VALUE = "VALUE"
MISS = "MISS"

_VALUE_BYTES = 100
_WORDS = {
    "set": (STORED,),
    "add": (STORED, NOT_STORED),
    "cas": (STORED, EXISTS, NOT_FOUND),
    "delete": (DELETED, NOT_FOUND),
    "incr": (NOT_FOUND,),
}
_CHANGED = (STORED, DELETED, NUMBER)


class UnexpectedAnswer(Exception):
    """The node answered something else; its first word says what."""


@dataclass(frozen=True)
class Operation:
    """kind: set, add, cas, delete, incr (by one), get, gets. token is what is written."""

    kind: str
    key: str
    token: str = ""
    cas: int = 0

    def request(self) -> bytes:
        key = self.key.encode("ascii")
        if self.kind in ("get", "gets", "delete"):
            return b"%s %s\r\n" % (self.kind.encode("ascii"), key)
        if self.kind == "incr":
            return b"incr %s 1\r\n" % key
        value = make_value(self.key, self.token)
        cas = b" %d" % self.cas if self.kind == "cas" else b""
        head = b"%s %s 0 0 %d%s\r\n" % (self.kind.encode("ascii"), key, len(value), cas)
        return head + value + b"\r\n"


@dataclass(frozen=True)
class Answer:
    """number is of an incr; token and cas are of a VALUE (cas 0 for a get)."""

    word: str
    token: str = ""
    number: int = 0
    cas: int = 0

    def changed(self) -> bool:
        return self.word in _CHANGED


def make_value(key: str, token: str) -> bytes:
    """A counter is just its number. Any other value names its key, so that a mix-up is seen."""
    if token.isdigit():
        return token.encode("ascii")
    return f"{token} {key} ".encode("utf-8").ljust(_VALUE_BYTES, b"x")


def value_token(key: str, value: bytes) -> str:
    """What was written; for bytes that no client wrote under this key, something none writes."""
    token = value.split(b" ", 1)[0].decode("ascii", "replace")
    return token if value == make_value(key, token) else "damaged"


def take_answer(operation: Operation, data: bytes) -> Optional[Tuple[Answer, int]]:
    """The answer and its size, or None if it has not all arrived. Raises UnexpectedAnswer."""
    end = data.find(b"\r\n")
    if end < 0:
        return None
    if operation.kind in ("get", "gets"):
        return _take_value(operation, data, end)
    line = data[:end].decode("ascii", "replace")
    if line in _WORDS[operation.kind]:
        return Answer(line), end + 2
    if operation.kind == "incr" and line.isdigit():
        return Answer(NUMBER, number=int(line)), end + 2
    raise UnexpectedAnswer(_first_word(line))


def _take_value(operation: Operation, data: bytes, end: int) -> Optional[Tuple[Answer, int]]:
    words = data[:end].split()
    if words == [b"END"]:
        return Answer(MISS), end + 2
    if words[:2] != [b"VALUE", operation.key.encode("ascii")]:
        raise UnexpectedAnswer(_first_word(data[:end].decode("ascii", "replace")))
    tail = b"\r\nEND\r\n"
    begin = end + 2
    size = int(words[3])
    whole = begin + size + len(tail)
    if len(data) < whole:
        return None
    token = value_token(operation.key, data[begin:begin + size])
    return Answer(VALUE, token, cas=int(words[4]) if len(words) > 4 else 0), whole


def _first_word(line: str) -> str:
    return line.split(" ")[0] or "empty"
