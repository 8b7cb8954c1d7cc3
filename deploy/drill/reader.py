"""A client that reads one node for the whole drill, at a steady pace."""

from deploy.drill.load import Load
from deploy.drill.operation import Operation
from deploy.drill.pipeline import Pipeline

_PACE_S = 0.01
_UNANSWERED_MAX = 1000


class Reader(Pipeline):
    def __init__(self, load: Load, index: int) -> None:
        super().__init__(load, index % len(load.plan.ports))
        self._unanswered = 0

    def start(self) -> None:
        super().start()
        self._read_on()

    def on_ended(self, operation: Operation) -> None:
        self._unanswered -= 1

    def _read_on(self) -> None:
        if self.load.stopping:
            return
        key = self.load.key_to_read()
        if self.open and key is not None and self._unanswered < _UNANSWERED_MAX:
            self._unanswered += 1
            self.ask([Operation("get", key)])
        self.loop.call_after(_PACE_S, self._read_on)
