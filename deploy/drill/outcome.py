"""What a drill came to: times, errors, losses. Filled while the survivors still run."""

from dataclasses import asdict, dataclass, field
from typing import Any, Dict, List, Optional, Set

from deploy.drill.contents import ContentsError, read_contents
from deploy.drill.driver import Drill, Fault
from deploy.drill.history import MISS, STALE, WRONG, Finding
from deploy.drill.timing import milliseconds, worst
from deploy.node.probe import general_stats, replication_stats

_DETAILS_MAX = 5
_DETECTED = "replication: close"
_DEAD = "dead"


@dataclass
class FaultTimes:
    """Milliseconds after the fault; None: never seen. gap_ms is what the expectation limits."""

    what: str
    survivor: str
    detect_ms: Optional[float]
    first_write_ms: Optional[float]
    gap_ms: Optional[float]


@dataclass
class Outcome:
    """failures is empty if the drill met its expectations."""

    drill: str
    faults: List[FaultTimes] = field(default_factory=list)
    errors: Dict[str, int] = field(default_factory=dict)
    acknowledged: int = 0
    unknown: int = 0
    reads: int = 0
    lost: int = 0
    stale: int = 0
    misses: int = 0
    wrong: int = 0
    roles: Dict[str, str] = field(default_factory=dict)
    promotions: int = 0
    exits: Dict[str, List[int]] = field(default_factory=dict)
    evictions: Dict[str, int] = field(default_factory=dict)
    client_stall_ms: float = 0.0
    details: List[str] = field(default_factory=list)
    failures: List[str] = field(default_factory=list)

    def worst_ms(self, what: str) -> Optional[float]:
        """what: detect_ms, first_write_ms or gap_ms; the greatest over the faults."""
        return worst(getattr(fault, what) for fault in self.faults)

    def as_json(self) -> Dict[str, Any]:
        return dict(asdict(self), passed=not self.failures)


def examine(drill: Drill, outcome: Outcome) -> None:
    """REQUIRES: the load has ended, the nodes that survived still run."""
    observed = drill.observed
    assert observed is not None
    outcome.acknowledged = observed.history.acknowledged_writes
    outcome.unknown = observed.history.unknown_writes
    outcome.errors = observed.errors
    outcome.reads = sum(observed.reads.values())
    outcome.stale = observed.reads.get(STALE, 0)
    outcome.misses = observed.reads.get(MISS, 0)
    outcome.wrong = observed.reads.get(WRONG, 0)
    outcome.details = list(observed.samples)
    outcome.client_stall_ms = milliseconds(observed.longest_stall) or 0.0
    outcome.faults = [_times(drill, index) for index in range(len(drill.faults))]
    outcome.promotions = sum(seat.promotions for seat in drill.seats.values())
    outcome.exits = {name: seat.exits for name, seat in drill.seats.items()}
    _examine_nodes(drill, outcome)


def _times(drill: Drill, index: int) -> FaultTimes:
    fault: Fault = drill.faults[index]
    last = index + 1 == len(drill.faults)
    until = drill.load_ended if last else drill.faults[index + 1].when
    seen = drill.seats[fault.survivor].first_line_after(_DETECTED, fault.when, until)
    assert drill.observed is not None
    acks = drill.observed.acks[list(drill.seats).index(fault.survivor)]
    return FaultTimes(fault.what, fault.survivor,
                      None if seen is None else milliseconds(seen - fault.when),
                      milliseconds(acks.first_after(fault.when, until)),
                      milliseconds(acks.gap(fault.when, until)))


def _examine_nodes(drill: Drill, outcome: Outcome) -> None:
    """Every acknowledged write must be on every node that lives."""
    lost: Set[str] = set()
    for name, seat in drill.seats.items():
        if not seat.occupied():
            outcome.roles[name] = _DEAD
            continue
        outcome.roles[name] = (replication_stats(seat.spec.port) or {}).get("role", "silent")
        evictions = (general_stats(seat.spec.port) or {}).get("evictions", "0")
        outcome.evictions[name] = int(evictions)
        for finding in _compare(drill, name, outcome):
            if finding.kind == WRONG:
                outcome.wrong += 1
            else:
                lost.add(finding.key)
    outcome.lost = len(lost)


def _compare(drill: Drill, name: str, outcome: Outcome) -> List[Finding]:
    assert drill.observed is not None
    history = drill.observed.history
    try:
        contents = read_contents(drill.seats[name].spec.port, history.keys)
    except ContentsError as error:
        outcome.failures.append(f"{name} could not be compared: {error}")
        return []
    findings = history.judge_final(contents)
    outcome.details += [f"at the end on {name}: {finding}" for finding in findings[:_DETAILS_MAX]]
    return findings
