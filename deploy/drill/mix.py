"""What one client asks for, operation by operation: new keys, keys of its own that it overwrites
and deletes, counters, locks, and registers that are changed by gets and cas. Pure but for the dice.

A key of which a client got no answer is used no more: the write may land at any later time. Such a
key is only read at the end. Counters are three kinds, those of either node's clients and those of
all: when a node dies, the survivor's own clients have no unknown increment behind which one that
was executed twice could hide.
"""

import random
from collections import deque
from typing import Deque, List

from deploy.drill.operation import MISS, NOT_FOUND, STORED, VALUE, Answer, Operation

_HOT_KEYS = 4
_COUNTERS = 8
_LOCKS = 8
_REGISTERS = 8


class Names:
    """The keys of one kind that are in use."""

    def __init__(self, kind: str, count: int) -> None:
        self._kind = kind
        self._made = 0
        self._names = [self._make() for _ in range(count)]

    def pick(self) -> str:
        return random.choice(self._names)

    def retire(self, key: str) -> None:
        if key in self._names:
            self._names[self._names.index(key)] = self._make()

    def _make(self) -> str:
        self._made += 1
        return f"{self._kind}:{self._made}"


class SharedNames:
    """Of all clients. nodes: how many there are."""

    def __init__(self, nodes: int) -> None:
        self.counters = [Names(f"counter:{'ab'[node]}", _COUNTERS) for node in range(nodes)]
        self.counters.append(Names("counter:all", _COUNTERS))
        self.locks = Names("lock", _LOCKS)
        self.registers = Names("register", _REGISTERS)


class Mix:
    """take_new_key says whether one more key may be made."""

    def __init__(self, index: int, home: int, shared: SharedNames, take_new_key) -> None:
        self._index = index
        self._shared = shared
        self._counters = [shared.counters[home], shared.counters[-1]]
        self._hot = Names(f"hot:{index}", _HOT_KEYS)
        self._take_new_key = take_new_key
        self._writes = 0
        self._next: Deque[Operation] = deque()

    def next(self) -> Operation:
        if self._next:
            return self._next.popleft()
        dice = random.random()
        if dice < 0.25 and self._take_new_key():
            return Operation("set", f"new:{self._index}:{self._writes}", self._token())
        if dice < 0.45:
            return Operation("set", self._hot.pick(), self._token())
        if dice < 0.50:
            return Operation("delete", self._hot.pick())
        if dice < 0.75:
            return Operation("incr", random.choice(self._counters).pick())
        if dice < 0.85:
            return Operation("add", self._shared.locks.pick(), self._token())
        return Operation("gets", self._shared.registers.pick())

    def answered(self, operation: Operation, answer: Answer) -> None:
        """Plans what follows from the answer."""
        kind, key = operation.kind, operation.key
        if kind == "incr" and answer.word == NOT_FOUND:
            self._next.append(Operation("add", key, "0"))
        elif kind == "add" and answer.word == STORED and key.startswith("lock:"):
            self._next += [Operation("get", key), Operation("delete", key)]
        elif kind == "gets" and answer.word == MISS:
            self._next.append(Operation("add", key, self._token()))
        elif kind == "gets" and answer.word == VALUE:
            self._next.append(Operation("cas", key, self._token(), answer.cas))

    def unanswered(self, operation: Operation) -> None:
        self._next.clear()
        if operation.kind in ("get", "gets"):
            return
        for names in self._all_names():
            names.retire(operation.key)

    def _all_names(self) -> List[Names]:
        return [self._hot, *self._counters, self._shared.locks, self._shared.registers]

    def _token(self) -> str:
        """What this write is known by; no other write has it."""
        self._writes += 1
        return f"w{self._index}.{self._writes}"
