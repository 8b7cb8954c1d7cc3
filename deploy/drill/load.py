"""What all clients of a drill share: the plan, the journal, and what they noticed."""

import random
from collections import Counter
from dataclasses import dataclass
from typing import Dict, List, Optional

from deploy.drill.journal import Journal
from deploy.drill.loop import Loop
from deploy.drill.mix import SharedNames
from deploy.drill.operation import Answer, Operation
from deploy.drill.timing import AckTimes

# Bounds the memory of the nodes and the time of the final comparison.
_NEW_KEYS_MAX = 100_000
# Reads look for keys among so many that were acknowledged last.
_RECENT_MAX = 1000


@dataclass(frozen=True)
class LoadPlan:
    """ports: the clients' ports, one a node. Writers and readers are spread over the nodes.
    history: the file to write what was done into."""

    ports: List[int]
    history: str
    writers: int
    readers: int
    flood_per_s: int
    pace_s: float
    patience_s: float


@dataclass
class Observed:
    """What the clients saw; handed from the clients' process to the drill."""

    keys: List[str]
    acks: List[AckTimes]
    errors: Dict[str, int]
    acknowledged: int
    unknown: int
    reads: int
    clients: int
    longest_stall: float


class Load:
    def __init__(self, plan: LoadPlan, loop: Loop) -> None:
        self.plan = plan
        self.loop = loop
        self.journal = Journal(plan.history)
        self.shared = SharedNames(len(plan.ports))
        self.acks = [AckTimes() for _ in plan.ports]
        self.errors: Counter = Counter()
        self.stopping = False
        self._keys: Dict[str, None] = {}
        self._counts: Counter = Counter()
        self._clients = 0
        self._new_keys_left = _NEW_KEYS_MAX
        self._recent: List[str] = []

    def take_client_number(self) -> int:
        self._clients += 1
        return self._clients

    def take_new_key(self) -> bool:
        """False when the drill has written enough keys."""
        self._new_keys_left -= 1
        return self._new_keys_left >= 0

    def key_to_read(self) -> Optional[str]:
        """Half of the reads go after the newest acknowledged write."""
        if not self._recent:
            return None
        return random.choice(self._recent) if random.random() < 0.5 else self._recent[-1]

    def note(self, operation: Operation, answer: Optional[Answer]) -> None:
        """An operation of any client has ended; no answer means that its outcome is unknown."""
        if operation.kind in ("get", "gets"):
            self._counts["reads"] += answer is not None
            return
        self._keys[operation.key] = None
        if answer is None:
            self._counts["unknown"] += 1
        elif answer.changed():
            self._counts["acknowledged"] += 1
            self._recent.append(operation.key)
            if len(self._recent) > 2 * _RECENT_MAX:
                del self._recent[:_RECENT_MAX]

    def observed(self) -> Observed:
        self.journal.close()
        return Observed(list(self._keys), self.acks, dict(self.errors),
                        self._counts["acknowledged"], self._counts["unknown"],
                        self._counts["reads"], self._clients, self.loop.longest_stall)
