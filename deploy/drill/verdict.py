"""Holds an outcome against the expectations of its scenario. Pure."""

from typing import List, Optional

from deploy.drill.outcome import Outcome
from deploy.drill.scenario import QUANTILES, Expectations
from deploy.drill.timing import quantile

MEASURED = ("first_write_ms", "gap_ms", "relink_ms", "resume_ms")
_NEVER = {"first_write_ms": "the survivor acknowledged no new write",
          "gap_ms": "the survivor acknowledged no new write",
          "relink_ms": "the nodes did not agree on a link again",
          "resume_ms": "the nodes were not paired again"}
# A quantile of fewer faults says nothing: of so many, one may be worse.
_FAULTS_FOR = {"p50": 3, "p99": 100}


def judge(expect: Expectations, outcome: Outcome) -> List[str]:
    """One sentence for each expectation of a single run that was not met."""
    failures = _judge_counts(expect, outcome)
    if outcome.roles != expect.roles:
        failures.append(f"final roles are {roles_text(outcome)}, expected {expect.roles}")
    for name, status in expect.exits.items():
        if outcome.exits.get(name) != [status]:
            failures.append(f"{name} exited with {outcome.exits.get(name)}, expected {status}")
    for fault in outcome.faults:
        for what in MEASURED:
            limit = expect.limits(what).get("max")
            if limit is not None:
                failures += _judge_time(f"after {fault.what}", what, getattr(fault, what), limit)
    if any(fault.gap_ms and outcome.client_stall_ms > fault.gap_ms / 2
           for fault in outcome.faults) and failures:
        failures.append(f"the clients themselves stood still for {outcome.client_stall_ms:g} ms: "
                        "times of this run say little about the pair")
    return failures


def judge_series(expect: Expectations, outcomes: List[Outcome]) -> List[str]:
    """What can only be said of several runs of one drill."""
    failures = []
    for what in MEASURED:
        times = known_times(outcomes, what)
        for name, limit in expect.limits(what).items():
            if len(times) >= _FAULTS_FOR.get(name, len(times) + 1):
                failures += _judge_time(f"{name} of {len(times)}", what,
                                        quantile(times, QUANTILES[name]), limit)
    return failures


def known_times(outcomes: List[Outcome], what: str) -> List[float]:
    times = (getattr(fault, what) for outcome in outcomes for fault in outcome.faults)
    return [time for time in times if time is not None]


def roles_text(outcome: Outcome) -> str:
    return " ".join(f"{name}={role}" for name, role in sorted(outcome.roles.items())) or "-"


def _judge_counts(expect: Expectations, outcome: Outcome) -> List[str]:
    failures = []
    if outcome.acknowledged == 0:
        failures.append("no write was acknowledged at all")
    for what, found in outcome.found.items():
        if found:
            failures.append(f"{what}: {found}, expected 0{_evicted(outcome)}")
    for what in ("promotions", "alone", "snapshots"):
        expected, found = getattr(expect, what), getattr(outcome, what)
        if expected is not None and found != expected:
            failures.append(f"{what}: {found}, expected {expected}")
    return failures


def _evicted(outcome: Outcome) -> str:
    total = sum(outcome.evictions.values())
    return f" (the nodes evicted {total} items: memory too small)" if total else ""


def _judge_time(when: str, what: str, time_ms: Optional[float], limit_ms: float) -> List[str]:
    if time_ms is None:
        return [f"{when}: {what}: {_NEVER[what]}"]
    if time_ms > limit_ms:
        return [f"{when}: {what} is {time_ms:g}, expected at most {limit_ms:g}"]
    return []
