"""A client that sets so many values a second at the first node, whatever comes back.

It goes round a fixed set of keys; a key whose set is still open is left out, so that no key has two
sets of this client under way. One whose outcome is unknown gets a new name.
"""

from typing import List, Set

from deploy.drill.load import Load
from deploy.drill.operation import Operation
from deploy.drill.pipeline import Pipeline

_KEYS = 20_000
_PACE_S = 0.005
# After a pause of its own the flood does not make up for more than so much.
_BURST_S = 0.05


class Flood(Pipeline):
    def __init__(self, load: Load) -> None:
        super().__init__(load, 0)
        self._names = list(range(_KEYS))
        self._open: Set[str] = set()
        self._made = _KEYS
        self._at = 0
        self._writes = 0
        self._went_on = 0.0

    def start(self) -> None:
        super().start()
        self._went_on = self.loop.now()
        self._write_on()

    def on_ended(self, operation: Operation) -> None:
        self._open.discard(operation.key)

    def on_broken(self, was_open: bool) -> None:
        for slot, name in enumerate(self._names):
            if self._key(name) in self._open:
                self._names[slot] = self._made
                self._made += 1
        super().on_broken(was_open)

    def _write_on(self) -> None:
        if self.load.stopping:
            return
        now = self.loop.now()
        span = min(now - self._went_on, _BURST_S)
        self._went_on = now
        if self.open:
            self.ask(self._some(round(span * self.load.plan.flood_per_s)))
        self.loop.call_after(_PACE_S, self._write_on)

    def _some(self, count: int) -> List[Operation]:
        found = []
        for _ in range(count):
            key = self._key(self._names[self._at])
            self._at = (self._at + 1) % _KEYS
            if key not in self._open:
                self._open.add(key)
                self._writes += 1
                found.append(Operation("set", key, f"f{self._writes}"))
        return found

    @staticmethod
    def _key(name: int) -> str:
        return f"flood:{name}"
