"""What all clients of a drill share: the plan, the history, and what they noticed."""

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Dict, List, Optional

from deploy.drill.history import History
from deploy.drill.loop import Loop
from deploy.drill.timing import AckTimes

# Bounds the memory of the nodes and the time of the final comparison.
_NEW_KEYS_MAX = 100_000
_SAMPLES_MAX = 5


@dataclass(frozen=True)
class LoadPlan:
    """ports: the clients' ports, one a node. Writers and readers are spread over the nodes."""

    ports: List[int]
    writers: int
    readers: int
    pace_s: float
    patience_s: float


@dataclass
class Observed:
    """What the clients saw; handed from the clients' process to the drill."""

    history: History
    acks: List[AckTimes]
    errors: Dict[str, int]
    reads: Dict[str, int]
    samples: List[str] = field(default_factory=list)
    longest_stall: float = 0.0


class Load:
    def __init__(self, plan: LoadPlan, loop: Loop) -> None:
        self.plan = plan
        self.loop = loop
        self.history = History()
        self.acks = [AckTimes() for _ in plan.ports]
        self.errors: Counter = Counter()
        self.reads: Counter = Counter()
        self.samples: List[str] = []
        self.stopping = False
        self._new_keys_left = _NEW_KEYS_MAX
        self._hot: List[str] = []
        self._newest: Optional[str] = None

    def take_new_key(self) -> bool:
        """False when the drill has written enough keys."""
        self._new_keys_left -= 1
        return self._new_keys_left >= 0

    def note_acknowledged(self, key: str, first: bool) -> None:
        self._newest = key
        if first and key.startswith("hot:"):
            self._hot.append(key)

    def key_to_read(self) -> Optional[str]:
        """Half of the reads go after the newest acknowledged write, the rest after any hot key."""
        if self._hot and random.random() < 0.5:
            return random.choice(self._hot)
        return self._newest

    def note_read(self, verdict: str, sample: str) -> None:
        """sample tells what was read, for a person."""
        self.reads[verdict] += 1
        if verdict in ("stale", "wrong") and len(self.samples) < _SAMPLES_MAX:
            self.samples.append(sample)

    def observed(self) -> Observed:
        return Observed(self.history, self.acks, dict(self.errors), dict(self.reads), self.samples,
                        self.loop.longest_stall)
