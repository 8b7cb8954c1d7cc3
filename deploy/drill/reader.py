"""A client that reads one node for the whole drill, at a steady pace, without waiting for answers.

It never leaves its node: a frozen master that comes back answers the reads that piled up meanwhile,
and a node that returns is read from its first moment. A read is judged by what had been
acknowledged to any writer before it was sent.
"""

from collections import deque
from typing import Deque, Optional, Tuple

from deploy.drill.client import REDIAL_S, Client
from deploy.drill.load import Load

_PACE_S = 0.01
_UNANSWERED_MAX = 1000


class Reader(Client):
    def __init__(self, load: Load, index: int) -> None:
        super().__init__(load.loop, load.plan.ports, load.errors)
        self._load = load
        self._home = index % len(load.plan.ports)
        # Key, and the number that was acknowledged when the read was sent.
        self._waiting: Deque[Tuple[str, int, float]] = deque()
        self._answer = b""

    def start(self) -> None:
        self.dial(self._home)
        self._read_on()

    def give_up(self) -> None:
        self.close()

    def check_limits(self, now: float) -> None:
        self.check_connect_limit(now)

    # From Client.

    def on_open(self) -> None:
        self._answer = b""
        self._waiting.clear()

    def on_data(self, data: bytes) -> None:
        self._answer += data
        while self._waiting and self._take_answer():
            self.working()

    def on_broken(self, was_open: bool) -> None:
        if not self._load.stopping:
            self.loop.call_after(REDIAL_S, self._redial)

    # Reading.

    def _redial(self) -> None:
        if not self._load.stopping:
            self.dial(self._home)

    def _read_on(self) -> None:
        if self._load.stopping:
            return
        key = self._load.key_to_read()
        if self.open and key is not None and len(self._waiting) < _UNANSWERED_MAX:
            required = self._load.history.acknowledged_number(key)
            self._waiting.append((key, required, self.loop.now()))
            self.send(b"get %s\r\n" % key.encode("ascii"))
        self.loop.call_after(_PACE_S, self._read_on)

    def _take_answer(self) -> bool:
        """Takes one whole answer out of the buffer; False if it has not arrived."""
        end = self._answer.find(b"\r\n")
        if end < 0:
            return False
        words = self._answer[:end].split()
        if words == [b"END"]:
            self._judge(None)
            self._answer = self._answer[end + 2:]
            return True
        if len(words) != 4 or words[0] != b"VALUE":
            self.fail("answer-" + self._answer[:end].decode("utf-8", "replace").split(" ")[0])
            return False
        return self._take_value(end + 2, int(words[3]))

    def _take_value(self, begin: int, size: int) -> bool:
        tail = b"\r\nEND\r\n"
        whole = begin + size + len(tail)
        if len(self._answer) < whole:
            return False
        self._judge(self._answer[begin:begin + size])
        self._answer = self._answer[whole:]
        return True

    def _judge(self, value: Optional[bytes]) -> None:
        key, required, sent_at = self._waiting.popleft()
        verdict = self._load.history.judge_read(key, value, required)
        found = "nothing" if value is None else value.split(b" ", 1)[0].decode("utf-8", "replace")
        self._load.note_read(verdict, (
            f"{verdict}: {key} on node {'ab'[self._home]}: number {required} was acknowledged "
            f"before the read at {sent_at:.3f}, answered {found} at {self.loop.now():.3f}"))
