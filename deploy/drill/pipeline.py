"""A client that stays with one node and does not wait for answers before it asks again.

Base of Reader and Flood. A frozen node that comes back answers what piled up meanwhile, and a node
that returns is asked from its first moment.
"""

from collections import deque
from typing import Deque, Tuple

from deploy.drill.client import REDIAL_S, Client
from deploy.drill.load import Load
from deploy.drill.operation import Answer, Operation, UnexpectedAnswer, take_answer

_ANSWER_BYTES_MAX = 1024


class Pipeline(Client):
    """Subclasses call ask() and implement on_ended. home is the index of the node."""

    def __init__(self, load: Load, home: int) -> None:
        super().__init__(load.loop, load.plan.ports, load.errors)
        self.load = load
        self._number = load.take_client_number()
        self._home = home
        # Operation, and when it was sent.
        self._waiting: Deque[Tuple[Operation, float]] = deque()
        self._data = b""

    def on_ended(self, operation: Operation) -> None:
        """The operation was answered, or never will be."""

    def start(self) -> None:
        self.dial(self._home)

    def busy(self) -> bool:
        return bool(self._waiting)

    def give_up(self) -> None:
        self._leave_unknown()
        self.close()

    def go_home(self) -> None:
        """It never left."""

    def check_limits(self, now: float) -> None:
        self.check_connect_limit(now)

    def ask(self, operations: list) -> None:
        """REQUIRES: the connection is open."""
        now = self.loop.now()
        self._waiting.extend((operation, now) for operation in operations)
        self.send(b"".join(operation.request() for operation in operations))

    # From Client.

    def on_open(self) -> None:
        self._data = b""

    def on_data(self, data: bytes) -> None:
        self._data += data
        done = 0
        try:
            while self._waiting:
                taken = take_answer(self._waiting[0][0], self._data[done:done + _ANSWER_BYTES_MAX])
                if taken is None:
                    break
                done += taken[1]
                self._finish(taken[0])
        except UnexpectedAnswer as error:
            self.fail(f"answer-{error}")
            return
        self._data = self._data[done:]

    def on_broken(self, was_open: bool) -> None:
        self._leave_unknown()
        if not self.load.stopping:
            self.loop.call_after(REDIAL_S, self._redial)

    def _redial(self) -> None:
        if not self.load.stopping:
            self.dial(self._home)

    def _finish(self, answer: Answer) -> None:
        now = self.loop.now()
        self.working()
        operation, sent_at = self._waiting.popleft()
        if answer.changed():
            self.load.acks[self._home].add(sent_at, now)
        self.load.journal.answered(self._number, operation, (sent_at, now), answer)
        self.load.note(operation, answer)
        self.on_ended(operation)

    def _leave_unknown(self) -> None:
        now = self.loop.now()
        while self._waiting:
            operation, sent_at = self._waiting.popleft()
            self.load.journal.unanswered(self._number, operation, (sent_at, now))
            self.load.note(operation, None)
            self.on_ended(operation)
