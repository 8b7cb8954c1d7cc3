"""The acceptance figures and who meets them. Pure: measured lines in, verdicts out.

A figure is judged when both sides were measured at saturation. Without that there is no verdict:
what was measured badly fails the check, what was not asked for or cannot exist does not.
"""

from dataclasses import dataclass
from typing import List, Optional, Sequence

from tests.bench.yardstick.kinds import EPOLL, FLOOR, IO_URING, MEMCACHED, PAIR, SOLO, Kind
from tests.bench.yardstick.paced import RATE, Paced
from tests.bench.yardstick.summary import BUSY_MIN, WORKLOADS, Line, find

ONE_POLLER = "this build has one poller"
# CPU per request, best round to best round, as a share of the named peer's.
SOLO_OF_MEMCACHED = {"mixed-p1": 0.92, "set-p1": 0.80, "set-p16": 0.40}
EPOLL_OF_MEMCACHED = {"mixed-p1": 0.95, "set-p1": 0.85, "set-p16": 0.55}
SOLO_OF_FLOOR = {"mixed-p1": 1.12, "set-p1": 1.12, "mixed-p16": 1.4, "set-p16": 1.4}
# Beside two threads: two loops that share nothing and hand nothing from one core to the other.
TWO_FLOORS = Kind(FLOOR, IO_URING, 2)
MASTER_OF_MEMCACHED = {"mixed-p1": 1.0, "mixed-p16": 1.0, "set-p1": 1.1, "set-p16": 0.7}
# Requests per second, at least.
PAIR_THROUGHPUT = {"mixed-p1": 0.9, "set-p16": 0.9}
PACED_P50 = {"set": 2.2, "get": 1.2}
SYSTEM_CALLS = {IO_URING: 0.5, EPOLL: 2.2}
# Two ratios of one and the same server differ by so much between runs.
NOISE = 0.05


@dataclass(frozen=True)
class Verdict:
    """`reason` says why there is none; `fails` whether the check may not pass then."""

    what: str
    figure: Optional[float]
    limit: float
    at_least: bool = False
    beside: str = ""
    reason: str = ""
    fails: bool = False

    @property
    def state(self) -> str:
        if self.reason:
            return "no verdict"
        met = self.figure >= self.limit if self.at_least else self.figure <= self.limit
        return "met" if met else "NOT MET"

    def sentence(self) -> str:
        figure = "" if self.figure is None else f"{self.figure:.2f}, "
        limit = f"{figure}limit {'>=' if self.at_least else '<='} {self.limit:.2f}"
        beside = f" ({self.beside})" if self.beside else ""
        return f"{self.what}: {limit}{beside}" + (f": {self.reason}" if self.reason else "")


@dataclass(frozen=True)
class Measured:
    """All that one run of the bench found. `pollers`: of this build, the first is the default."""

    lines: Sequence[Line]
    paced: Sequence[Paced]
    pollers: Sequence[str]


def passes(verdicts: Sequence[Verdict]) -> bool:
    judged = any(not verdict.reason for verdict in verdicts)
    return judged and not any(verdict.state == "NOT MET" or verdict.fails for verdict in verdicts)


def verdicts(measured: Measured) -> List[Verdict]:
    """One for each acceptance figure, in the order in which they are written above."""
    default = measured.pollers[0]
    solo, pair = Kind(SOLO, default), Kind(PAIR, default)
    memcached = Kind(MEMCACHED)
    found = cpu_verdicts(measured, solo, memcached, SOLO_OF_MEMCACHED)
    found += cpu_verdicts(measured, Kind(SOLO, IO_URING), Kind(FLOOR, IO_URING), SOLO_OF_FLOOR)
    found += cpu_verdicts(measured, Kind(SOLO, EPOLL), memcached, EPOLL_OF_MEMCACHED)
    found += cpu_verdicts(measured, pair, memcached, MASTER_OF_MEMCACHED)
    found += [throughput_verdict(measured, pair, key, limit)
              for key, limit in PAIR_THROUGHPUT.items()]
    found += [paced_verdict(measured, pair, request, limit)
              for request, limit in PACED_P50.items()]
    found += [threads_verdict(measured, default, workload.key) for workload in WORKLOADS]
    found += cpu_verdicts(measured, Kind(SOLO, IO_URING, 2), TWO_FLOORS, SOLO_OF_FLOOR)
    found += [calls_verdict(measured, poller, key, limit)
              for poller, limit in SYSTEM_CALLS.items() for key in ("mixed-p1", "set-p1")]
    return found


def workload_name(key: str) -> str:
    return next(workload.name for workload in WORKLOADS if workload.key == key)


def absence(measured: Measured, kind: Kind) -> str:
    """Why there is nothing about this contender."""
    if kind.server == SOLO and kind.poller and kind.poller not in measured.pollers:
        return ONE_POLLER
    return f"{kind.name} was not measured"


def cpu_verdicts(measured: Measured, own: Kind, peer: Kind, limits: dict) -> List[Verdict]:
    return [cpu_verdict(measured, own, peer, key, limit)
            for key, limit in limits.items()]


def cpu_verdict(measured: Measured, own: Kind, peer: Kind, key: str, limit: float) -> Verdict:
    subject = f"{own.name}'s master" if own.server == PAIR else own.name
    what = f"{workload_name(key)}: CPU per request, {subject} of {peer.name}"
    lines = [find(measured.lines, kind, key) for kind in (own, peer)]
    for kind, line in zip((own, peer), lines):
        if line is None:
            return Verdict(what, None, limit, reason=absence(measured, kind))
    figure = lines[0].cpu_best / lines[1].cpu_best
    beside = f"{lines[0].cpu_best:.2f} and {lines[1].cpu_best:.2f} us"
    reason = idleness(lines)
    return Verdict(what, figure, limit, beside=beside, reason=reason, fails=bool(reason))


def idleness(lines: Sequence[Line]) -> str:
    """Which server was not at saturation; empty when all were."""
    idle = min(lines, key=lambda line: line.busy)
    if idle.busy >= BUSY_MIN:
        return ""
    return (f"{idle.kind.name} was busy {100 * idle.busy:.0f} % of the time, "
            f"under {100 * BUSY_MIN:.0f} %")


def throughput_verdict(measured: Measured, own: Kind, key: str, limit: float) -> Verdict:
    what = f"{workload_name(key)}: requests/s, {own.name} of memcached"
    lines = [find(measured.lines, kind, key) for kind in (own, Kind(MEMCACHED))]
    if None in lines:
        return Verdict(what, None, limit, True, reason=absence(measured, own))
    figure = lines[0].throughput_best / lines[1].throughput_best
    beside = f"{lines[0].throughput_best:,.0f} and {lines[1].throughput_best:,.0f}"
    reason = idleness(lines)
    return Verdict(what, figure, limit, True, beside, reason, bool(reason))


def paced_verdict(measured: Measured, own: Kind, request: str, limit: float) -> Verdict:
    what = f"{RATE:,}/s: {request} p50, {own.name} of memcached"
    by_kind = {paced.kind: paced for paced in measured.paced}
    if own not in by_kind or Kind(MEMCACHED) not in by_kind:
        return Verdict(what, None, limit, reason=absence(measured, own))
    both = [by_kind[kind] for kind in (own, Kind(MEMCACHED))]
    values = [paced.p50_us[request] for paced in both]
    beside = f"{values[0]:.0f} and {values[1]:.0f} us, medians of {both[0].runs} runs"
    if min(paced.rate for paced in both) < 0.95 * RATE:
        return Verdict(what, values[0] / values[1], limit, beside=beside, fails=True,
                       reason="the rate was not reached")
    return Verdict(what, values[0] / values[1], limit, beside=beside)


def threads_verdict(measured: Measured, poller: str, key: str) -> Verdict:
    """With two threads the share of memcached's CPU is as good as with one, but for noise."""
    one = cpu_verdict(measured, Kind(SOLO, poller), Kind(MEMCACHED), key, 0.0)
    limit = (one.figure or 0.0) * (1 + NOISE)
    two = cpu_verdict(measured, Kind(SOLO, poller, 2), Kind(MEMCACHED, threads=2), key, limit)
    if one.figure is None or two.figure is None:
        return two
    beside = f"{two.beside}; with one thread {one.figure:.2f}, and {NOISE:.0%} for noise"
    floors = cpu_verdict(measured, TWO_FLOORS, Kind(MEMCACHED, threads=2), key, limit)
    if floors.figure is not None and limit < floors.figure:
        beside += f"; below the floor of two processes, {floors.figure:.2f}"
    reason = two.reason or one.reason
    return Verdict(two.what, two.figure, limit, beside=beside, reason=reason, fails=bool(reason))


def calls_verdict(measured: Measured, poller: str, key: str, limit: float) -> Verdict:
    own = Kind(SOLO, poller)
    what = f"{workload_name(key)}: system calls per request, {own.name}"
    line, peer = (find(measured.lines, kind, key) for kind in (own, Kind(MEMCACHED)))
    if line is None:
        return Verdict(what, None, limit, reason=absence(measured, own))
    if line.system_calls is None:
        return Verdict(what, None, limit, reason="they were not counted")
    beside = "" if peer is None or peer.system_calls is None else (
        f"memcached {peer.system_calls:.2f}")
    return Verdict(what, line.system_calls, limit, beside=beside)
