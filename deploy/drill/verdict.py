"""Holds an outcome against the expectations of its scenario. Pure."""

import statistics
from typing import List, Optional

from deploy.drill.outcome import Outcome
from deploy.drill.scenario import Expectations

# A median of fewer runs says nothing.
_RUNS_FOR_MEDIAN = 3


def judge(expect: Expectations, outcome: Outcome) -> List[str]:
    """One sentence for each expectation of a single run that was not met."""
    failures = _judge_counts(expect, outcome)
    if outcome.roles != expect.roles:
        failures.append(f"final roles are {roles_text(outcome)}, expected {expect.roles}")
    for name, status in expect.exits.items():
        if outcome.exits.get(name) != [status]:
            failures.append(f"{name} exited with {outcome.exits.get(name)}, expected {status}")
    for fault in outcome.faults:
        failures += _judge_gap(f"after {fault.what}", fault.gap_ms, expect.gap_ms)
    return failures


def judge_series(expect: Expectations, outcomes: List[Outcome]) -> List[str]:
    """What can only be said of several runs of one drill."""
    if expect.gap_ms_median is None or len(outcomes) < _RUNS_FOR_MEDIAN:
        return []
    gaps = known_gaps(outcomes)
    if not gaps:
        return ["no gap was measured"]
    return _judge_gap("median", statistics.median(gaps), expect.gap_ms_median)


def known_gaps(outcomes: List[Outcome]) -> List[float]:
    return [fault.gap_ms for outcome in outcomes for fault in outcome.faults
            if fault.gap_ms is not None]


def roles_text(outcome: Outcome) -> str:
    return " ".join(f"{name}={role}" for name, role in sorted(outcome.roles.items())) or "-"


def _judge_counts(expect: Expectations, outcome: Outcome) -> List[str]:
    failures = []
    if outcome.acknowledged == 0:
        failures.append("no write was acknowledged at all")
    for what, limit in (("lost", expect.lost), ("stale", expect.stale), ("wrong", 0),
                        ("misses", expect.misses)):
        found = getattr(outcome, what)
        if limit is not None and found > limit:
            failures.append(f"{what}: {found}, expected at most {limit}{_evicted(outcome)}")
    if expect.promotions is not None and outcome.promotions != expect.promotions:
        failures.append(f"promotions: {outcome.promotions}, expected {expect.promotions}")
    return failures


def _evicted(outcome: Outcome) -> str:
    total = sum(outcome.evictions.values())
    return f" (the nodes evicted {total} items: memory too small)" if total else ""


def _judge_gap(what: str, gap_ms: Optional[float], limit_ms: Optional[float]) -> List[str]:
    if limit_ms is None:
        return []
    if gap_ms is None:
        return [f"{what}: the survivor acknowledged no new write"]
    if gap_ms > limit_ms:
        return [f"{what}: the survivor acknowledged nothing for {gap_ms} ms, "
                f"expected at most {limit_ms:g} ms"]
    return []
