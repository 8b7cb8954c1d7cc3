"""A client that writes, one set at a time, and fails over like a client library.

Half of its writes are new keys, the other half overwrite a few keys with growing numbers. It stays
where it is until something breaks, then tries the other node, and so on every few milliseconds.
"""

from typing import List, Optional

from deploy.drill.client import REDIAL_S, Client
from deploy.drill.history import make_value
from deploy.drill.load import Load

_HOT_KEYS = 4


class Writer(Client):
    def __init__(self, load: Load, index: int, patience_s: float) -> None:
        super().__init__(load.loop, load.plan.ports, load.errors)
        self._load = load
        self._index = index
        self._home = index % len(load.plan.ports)
        self._patience_s = patience_s
        self._go_home = False
        self._writes = 0
        self._hot: List[str] = [self._hot_name(slot) for slot in range(_HOT_KEYS)]
        self._key: Optional[str] = None
        self._number = 0
        self._sent_at = 0.0
        self._answer = b""

    def start(self) -> None:
        self.dial(self._home)

    def busy(self) -> bool:
        """A write is open."""
        return self._key is not None

    def go_home(self) -> None:
        """Goes back to its first node before its next write."""
        self._go_home = True

    def give_up(self) -> None:
        """The drill is over: an open write ends as unknown."""
        self._leave_unknown()
        self.close()

    def check_limits(self, now: float) -> None:
        self.check_connect_limit(now)
        if self.busy() and now - self._sent_at > self._patience_s:
            self.fail("timeout")

    # From Client.

    def on_open(self) -> None:
        self._write()

    def on_data(self, data: bytes) -> None:
        self._answer += data
        if not self._answer.endswith(b"\r\n"):
            return
        if self._answer != b"STORED\r\n":
            words = self._answer.decode("utf-8", "replace").split()
            self.fail("answer-" + (words[0] if words else "empty"))
            return
        self._acknowledge()
        self._write_later()

    def on_broken(self, was_open: bool) -> None:
        self._leave_unknown()
        if self._load.stopping:
            return
        other = (self.node + 1) % len(self._load.plan.ports)
        self.loop.call_after(0.0 if was_open else REDIAL_S, lambda: self._redial(other))

    # Writing.

    def _redial(self, node: int) -> None:
        if not self._load.stopping:
            self.dial(node)

    def _write_later(self) -> None:
        due = self._sent_at + self._load.plan.pace_s
        if due <= self.loop.now():
            self._write()
        else:
            self.loop.call_at(due, self._write)

    def _write(self) -> None:
        if self._load.stopping or not self.open or self.busy():
            return
        if self._go_home:
            self._go_home = False
            if self.node != self._home:
                self.close()
                self.dial(self._home)
                return
        self._key = self._next_key()
        self._number = self._load.history.sent(self._key)
        self._answer = b""
        self._sent_at = self.loop.now()
        value = make_value(self._key, self._number)
        self.send(b"set %s 0 0 %d\r\n%s\r\n" % (self._key.encode("ascii"), len(value), value))

    def _next_key(self) -> str:
        self._writes += 1
        if self._writes % 2 and self._load.take_new_key():
            return f"new:{self._index}:{self._writes}"
        return self._hot[(self._writes // 2) % _HOT_KEYS]

    def _hot_name(self, slot: int) -> str:
        return f"hot:{self._index}:{slot}:{self._writes}"

    def _acknowledge(self) -> None:
        assert self._key is not None
        self.working()
        self._load.history.acknowledged(self._key, self._number)
        self._load.acks[self.node].add(self._sent_at, self.loop.now())
        self._load.note_acknowledged(self._key, first=self._number == 1)
        self._key = None

    def _leave_unknown(self) -> None:
        """No answer came: the key is left alone from here on (see history.py, 3)."""
        if self._key is None:
            return
        self._load.history.unknown(self._key, self._number)
        if self._key in self._hot:
            slot = self._hot.index(self._key)
            self._hot[slot] = self._hot_name(slot)
        self._key = None
