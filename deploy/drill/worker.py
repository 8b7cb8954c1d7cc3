"""A client that does one operation at a time, and fails over like a client library.

It stays where it is until something breaks, then tries the other node, and so on every few
milliseconds.
"""

from typing import Optional

from deploy.drill.client import REDIAL_S, Client
from deploy.drill.load import Load
from deploy.drill.mix import Mix
from deploy.drill.operation import Answer, Operation, UnexpectedAnswer, take_answer


class Worker(Client):
    def __init__(self, load: Load, index: int, patience_s: float) -> None:
        super().__init__(load.loop, load.plan.ports, load.errors)
        self._load = load
        self._number = load.take_client_number()
        self._home = index % len(load.plan.ports)
        self._patience_s = patience_s
        self._go_home = False
        self._mix = Mix(index, self._home, load.shared, load.take_new_key)
        self._operation: Optional[Operation] = None
        self._sent_at = 0.0
        self._data = b""

    def start(self) -> None:
        self.dial(self._home)

    def busy(self) -> bool:
        """An operation is open."""
        return self._operation is not None

    def go_home(self) -> None:
        """Goes back to its first node before its next operation."""
        self._go_home = True

    def give_up(self) -> None:
        """The drill is over: an open operation ends as unknown."""
        self._leave_unknown()
        self.close()

    def check_limits(self, now: float) -> None:
        self.check_connect_limit(now)
        if self.busy() and now - self._sent_at > self._patience_s:
            self.fail("timeout")

    # From Client.

    def on_open(self) -> None:
        self._ask()

    def on_data(self, data: bytes) -> None:
        self._data += data
        if self._operation is None:
            self.fail("answer-unasked")
            return
        try:
            taken = take_answer(self._operation, self._data)
        except UnexpectedAnswer as error:
            self.fail(f"answer-{error}")
            return
        if taken is not None:
            self._finish(self._operation, taken[0])
            self._ask_later()

    def on_broken(self, was_open: bool) -> None:
        self._leave_unknown()
        if self._load.stopping:
            return
        other = (self.node + 1) % len(self._load.plan.ports)
        self.loop.call_after(0.0 if was_open else REDIAL_S, lambda: self._redial(other))

    # Operations.

    def _redial(self, node: int) -> None:
        if not self._load.stopping:
            self.dial(node)

    def _ask_later(self) -> None:
        due = self._sent_at + self._load.plan.pace_s
        if due <= self.loop.now():
            self._ask()
        else:
            self.loop.call_at(due, self._ask)

    def _ask(self) -> None:
        if self._load.stopping or not self.open or self.busy():
            return
        if self._go_home:
            self._go_home = False
            if self.node != self._home:
                self.close()
                self.dial(self._home)
                return
        self._operation = self._mix.next()
        self._data = b""
        self._sent_at = self.loop.now()
        self.send(self._operation.request())

    def _finish(self, operation: Operation, answer: Answer) -> None:
        now = self.loop.now()
        self._operation = None
        self.working()
        if answer.changed():
            self._load.acks[self.node].add(self._sent_at, now)
        self._load.journal.answered(self._number, operation, (self._sent_at, now), answer)
        self._load.note(operation, answer)
        self._mix.answered(operation, answer)

    def _leave_unknown(self) -> None:
        if self._operation is None:
            return
        operation, self._operation = self._operation, None
        self._load.journal.unanswered(self._number, operation, (self._sent_at, self.loop.now()))
        self._load.note(operation, None)
        self._mix.unanswered(operation)
