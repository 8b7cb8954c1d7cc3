"""What a drill came to: times, errors, findings. Filled while the survivors still run."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Optional

from deploy.drill import states
from deploy.drill.contents import ContentsError, read_contents
from deploy.drill.driver import Drill, Fault
from deploy.drill.findings import KINDS, CheckError, check_history
from deploy.drill.journal import Journal
from deploy.drill.timing import milliseconds, worst
from deploy.node.probe import general_stats, replication_stats

_DETAILS_MAX = 10
_DETECTED = "replication: close"
_DEAD = "dead"


@dataclass
class FaultTimes:
    """Milliseconds after the fault; None: never seen. relink_ms and resume_ms are counted from its
    end, until both nodes have agreed on who copies what, and until they are in sync. calm_ms is the
    survivor's longest pause in the second before it, if that was quiet. resident_mb is of the node
    that was hit."""

    what: str
    survivor: str
    detect_ms: Optional[float] = None
    first_write_ms: Optional[float] = None
    gap_ms: Optional[float] = None
    relink_ms: Optional[float] = None
    resume_ms: Optional[float] = None
    resident_mb: float = 0.0
    calm_ms: Optional[float] = None


@dataclass
class Outcome:
    """failures is empty if the drill met its expectations, or was skipped."""

    drill: str
    skipped: str = ""
    faults: List[FaultTimes] = field(default_factory=list)
    errors: Dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    acknowledged: int = 0
    unknown: int = 0
    reads: int = 0
    # What check_history found, by findings.KINDS.
    found: Dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    roles: Dict[str, str] = field(default_factory=dict)
    promotions: int = 0
    alone: int = 0
    holds: int = 0
    snapshots: int = 0
    exits: Dict[str, List[int]] = field(default_factory=dict)
    evictions: Dict[str, int] = field(default_factory=dict)
    client_stall_ms: float = 0.0
    details: List[str] = field(default_factory=list)
    failures: List[str] = field(default_factory=list)

    def worst_ms(self, what: str) -> Optional[float]:
        """what: a field of FaultTimes; the greatest over the faults."""
        return worst(getattr(fault, what) for fault in self.faults)

    def as_json(self) -> Dict[str, Any]:
        return dict(asdict(self), passed=not self.failures)


def examine(drill: Drill, checker: Path, outcome: Outcome) -> None:
    """REQUIRES: the load has ended, the nodes that survived still run."""
    observed = drill.observed
    assert observed is not None
    outcome.acknowledged = observed.acknowledged
    outcome.unknown = observed.unknown
    outcome.reads = observed.reads
    outcome.errors = observed.errors
    outcome.seconds = round(drill.load_ended - drill.load_began, 3)
    outcome.client_stall_ms = milliseconds(observed.longest_stall) or 0.0
    outcome.faults = [_times(drill, index) for index in range(len(drill.faults))]
    outcome.promotions = sum(seat.promotions for seat in drill.seats.values())
    outcome.exits = {name: seat.exits for name, seat in drill.seats.items()}
    _count_states(drill, outcome)
    _examine_nodes(drill, outcome)
    _judge_history(drill, checker, outcome)


def _times(drill: Drill, index: int) -> FaultTimes:
    fault: Fault = drill.faults[index]
    last = index + 1 == len(drill.faults)
    until = drill.load_ended if last else drill.faults[index + 1].when
    seen = drill.seats[fault.survivor].first_line_after(_DETECTED, fault.when, until)
    assert drill.observed is not None
    acks = drill.observed.acks[list(drill.seats).index(fault.survivor)]
    span = (fault.when, fault.ended)
    quiet_since = drill.faults[index - 1].ended if index else drill.load_began
    lines = [list(seat.lines) for seat in drill.seats.values()]
    return FaultTimes(
        fault.what, fault.survivor, None if seen is None else milliseconds(seen - fault.when),
        milliseconds(acks.first_after(fault.when, until)),
        milliseconds(acks.gap(fault.when, until)),
        milliseconds(worst(states.linked_again(each, span, until) for each in lines)),
        milliseconds(worst(states.paired_again(each, span, until) for each in lines)),
        round(fault.resident_mb, 1), milliseconds(acks.calm(fault.when, quiet_since)))


def _count_states(drill: Drill, outcome: Outcome) -> None:
    for seat in drill.seats.values():
        lines = list(seat.lines)
        entered = [state for _, state in states.entered(lines, drill.load_began, drill.load_ended)]
        outcome.alone += entered.count("SOLO")
        outcome.holds += entered.count("HOLD")
        outcome.snapshots += states.snapshots(lines, drill.load_began)


def _examine_nodes(drill: Drill, outcome: Outcome) -> None:
    """Reads every key on every node that lives, into the history."""
    assert drill.observed is not None
    journal = Journal(str(drill.history))
    for index, (name, seat) in enumerate(drill.seats.items()):
        if not seat.occupied():
            outcome.roles[name] = _DEAD
            continue
        outcome.roles[name] = (replication_stats(seat.spec.port) or {}).get("role", "silent")
        evictions = (general_stats(seat.spec.port) or {}).get("evictions", "0")
        outcome.evictions[name] = int(evictions)
        client = drill.observed.clients + 1 + index
        try:
            for operation, times, answer in read_contents(seat.spec.port, drill.observed.keys):
                journal.answered(client, operation, times, answer)
        except ContentsError as error:
            outcome.failures.append(f"{name} could not be compared: {error}")
    journal.close()


def _judge_history(drill: Drill, checker: Path, outcome: Outcome) -> None:
    try:
        findings = check_history(checker, drill.history)
    except CheckError as error:
        outcome.failures.append(f"the history could not be judged: {error}")
        return
    outcome.found = {kind: findings.counts[kind] for kind in KINDS}
    outcome.details += findings.sentences[:_DETAILS_MAX]
    if findings.sentences and drill.settings.history is None:
        outcome.details.append(f"its history is kept: {drill.keep_history()}")
