"""What the writers were told, and what that obliges the pair to.

Pure: no clock, no socket. One History per drill; it is filled by the workload and judged after it.

Invariants:
 1. A key has one writer. Its numbers grow by one with each write.
 2. A write is open from `sent` until `acknowledged` or `unknown`. Unknown means that no answer
    came: the pair may have it or not, so it is never called lost.
 3. After an unknown write its writer leaves the key: the write may land at any later time, and a
    newer number on the same key could then be overwritten without anybody being wrong.
"""

from dataclasses import dataclass, field
from typing import Dict, List, Mapping, Optional

FRESH = "fresh"
MISS = "miss"
STALE = "stale"
WRONG = "wrong"

_VALUE_BYTES = 100


def make_value(key: str, number: int) -> bytes:
    """The value of a write: names its key and number, so a reader can tell a mix-up."""
    return f"{number} {key} ".encode("ascii").ljust(_VALUE_BYTES, b"x")


def value_number(key: str, value: bytes) -> Optional[int]:
    """The number in a value, or None if no writer of this key wrote it."""
    head = value.split(b" ", 1)[0]
    if not head.isdigit() or value != make_value(key, int(head)):
        return None
    return int(head)


@dataclass
class KeyHistory:
    acknowledged: int = 0
    sent: int = 0
    unknown: List[int] = field(default_factory=list)


@dataclass(frozen=True)
class Finding:
    """One key whose final value breaks the promise: kind is MISS, STALE or WRONG."""

    key: str
    kind: str
    expected: int
    found: Optional[int]

    def __str__(self) -> str:
        found = "nothing" if self.found is None else f"number {self.found}"
        return f"{self.key}: {self.kind}, number {self.expected} was acknowledged, found {found}"


class History:
    def __init__(self) -> None:
        self.keys: Dict[str, KeyHistory] = {}
        self.acknowledged_writes = 0
        self.unknown_writes = 0

    def sent(self, key: str) -> int:
        """Opens the next write of the key and returns its number."""
        entry = self.keys.setdefault(key, KeyHistory())
        entry.sent += 1
        return entry.sent

    def acknowledged(self, key: str, number: int) -> None:
        entry = self.keys[key]
        assert entry.acknowledged < number <= entry.sent
        entry.acknowledged = number
        self.acknowledged_writes += 1

    def unknown(self, key: str, number: int) -> None:
        self.keys[key].unknown.append(number)
        self.unknown_writes += 1

    def acknowledged_number(self, key: str) -> int:
        """0 if no write of the key was acknowledged."""
        entry = self.keys.get(key)
        return entry.acknowledged if entry else 0

    def judge_read(self, key: str, value: Optional[bytes], acknowledged_before: int) -> str:
        """Judges an answer to a read that was sent when `acknowledged_before` was acknowledged."""
        if value is None:
            return MISS if acknowledged_before else FRESH
        number = value_number(key, value)
        if number is None or number > self.keys[key].sent:
            return WRONG
        return STALE if number < acknowledged_before else FRESH

    def judge_final(self, values: Mapping[str, bytes]) -> List[Finding]:
        """Judges the contents of one node after all writes have ended, one finding a key."""
        found = (self._judge_key(key, values.get(key)) for key in self.keys)
        return [finding for finding in found if finding is not None]

    def _judge_key(self, key: str, value: Optional[bytes]) -> Optional[Finding]:
        entry = self.keys[key]
        kind = self.judge_read(key, value, entry.acknowledged)
        number = None if value is None else value_number(key, value)
        if kind == FRESH and number is not None and number != entry.acknowledged:
            kind = FRESH if number in entry.unknown else WRONG
        if kind == FRESH:
            return None
        return Finding(key, kind, entry.acknowledged, number)
