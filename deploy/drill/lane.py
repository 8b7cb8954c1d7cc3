"""What happens to the bytes that one node sends to the other: a queue with faults. Pure.

    put(piece, now)     what the node sent
    take(now)           what may be passed on by now
    pass_on(count, now) so much of it was passed on

Invariants:
 1. Order is kept: a piece is never due before the one put ahead of it, whatever the jitter.
 2. Nothing is dropped, but for what truncate() cuts off and what comes after that.
 3. A stalled lane passes nothing on; what was put stays.
"""

from collections import deque
from dataclasses import dataclass
from typing import Callable, Deque, Optional, Tuple

QUEUE_BYTES_MAX = 4 << 20
# A slow lane passes on what its rate allows in so long, then waits.
_SLICE_S = 0.01


@dataclass(frozen=True)
class Shape:
    """How a lane treats every byte. bytes_per_s is None for no limit."""

    delay_s: float = 0.0
    jitter_s: float = 0.0
    bytes_per_s: Optional[float] = None
    stalled: bool = False


FORWARD = Shape()


class Faults:
    """One node's, shared by all connections on which it sends. chance: uniform in [0, 1)."""

    def __init__(self, chance: Callable[[], float]) -> None:
        self.shape = FORWARD
        self.free_at = 0.0
        self._chance = chance
        self._corrupt = False
        self._truncate = False

    def corrupt(self) -> None:
        """One bit of the next piece is flipped."""
        self._corrupt = True

    def truncate(self) -> None:
        """The next piece is cut in half, and the connection ends behind it."""
        self._truncate = True

    def late(self) -> float:
        return self.shape.delay_s + self.shape.jitter_s * self._chance()

    def spoil(self, piece: bytes) -> Tuple[bytes, bool]:
        """The piece as it goes on, and whether its connection ends behind it."""
        if self._corrupt:
            self._corrupt = False
            middle = len(piece) // 2
            piece = piece[:middle] + bytes([piece[middle] ^ 0x10]) + piece[middle + 1:]
        if self._truncate:
            self._truncate = False
            return piece[:len(piece) // 2], True
        return piece, False


class Lane:
    """One direction of one connection."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.cut = False
        self._pieces: Deque[Tuple[float, bytes]] = deque()
        self._bytes = 0
        self._newest_due = 0.0

    def empty(self) -> bool:
        return not self._pieces

    def full(self) -> bool:
        """Put no more until some was passed on."""
        return self._bytes >= QUEUE_BYTES_MAX

    def put(self, piece: bytes, now: float) -> None:
        if self.cut:
            return
        piece, self.cut = self.faults.spoil(piece)
        self._newest_due = max(self._newest_due, now + self.faults.late())
        if piece:
            self._pieces.append((self._newest_due, piece))
            self._bytes += len(piece)

    def take(self, now: float) -> bytes:
        """The next bytes to pass on, or none yet."""
        shape = self.faults.shape
        if shape.stalled or not self._pieces or self.next_at() > now:
            return b""
        piece = self._pieces[0][1]
        if shape.bytes_per_s is None:
            return piece
        return piece[:max(1, int(shape.bytes_per_s * _SLICE_S))]

    def pass_on(self, count: int, now: float) -> None:
        """REQUIRES: count is at most what take() returned."""
        due, piece = self._pieces.popleft()
        if count < len(piece):
            self._pieces.appendleft((due, piece[count:]))
        self._bytes -= count
        rate = self.faults.shape.bytes_per_s
        if rate is not None:
            self.faults.free_at = max(self.faults.free_at, now) + count / rate

    def drop(self) -> None:
        """Its receiver is gone."""
        self._pieces.clear()
        self._bytes = 0

    def next_at(self) -> float:
        """When take() returns something. REQUIRES: not empty."""
        due = self._pieces[0][0]
        return due if self.faults.shape.bytes_per_s is None else max(due, self.faults.free_at)
