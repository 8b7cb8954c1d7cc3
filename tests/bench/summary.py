"""From the reports of all rounds to a table and a verdict. Pure: no process, clock or printing."""

from dataclasses import dataclass
from statistics import median
from typing import Any, Dict, List, Optional, Sequence, Tuple

Report = Dict[str, Any]

# The busy share under which a server was not at saturation. Its CPU per request is then too high or
# too low by chance: below the first bound that is said, below the second there is no verdict.
BUSY_DOUBTFUL = 0.90
BUSY_MIN = 0.75


@dataclass(frozen=True)
class Workload:
    """`name` is the one in the table, `key` the one on the command line and in JSON."""

    key: str
    name: str
    get_ratio: float
    pipeline: int

    def flags(self) -> List[str]:
        return ["--get-ratio", str(self.get_ratio), "--pipeline", str(self.pipeline)]


WORKLOADS = (
    Workload("mixed-p1", "9:1, pipeline 1", 0.9, 1),
    Workload("set-p1", "all set, pipeline 1", 0.0, 1),
    Workload("mixed-p16", "9:1, pipeline 16", 0.9, 16),
    Workload("set-p16", "all set, pipeline 16", 0.0, 16),
)

# The acceptance figures: server CPU per request of twincached solo, best round, as a share of
# memcached's best round.
LIMITS = {"mixed-p1": 0.95, "set-p16": 0.60}


@dataclass(frozen=True)
class Line:
    """One contender under one workload, over all rounds. CPU in microseconds per request."""

    workload: Workload
    contender: str
    throughput_best: float
    cpu_best: float
    cpu_worst: float
    busy: float
    peer_cpu_best: Optional[float]
    p50_us: float
    p99_us: float
    set_p50_us: float
    misses: int


def summarise(workload: Workload, contender: str, reports: Sequence[Report]) -> Line:
    """Best and worst over the rounds, medians for latencies. REQUIRES: at least one report."""
    own = [report["servers"][0] for report in reports]
    peers = [report["servers"][1]["cpu_us"] for report in reports if len(report["servers"]) > 1]
    return Line(
        workload=workload,
        contender=contender,
        throughput_best=max(report["requests_per_second"] for report in reports),
        cpu_best=min(server["cpu_us"] for server in own),
        cpu_worst=max(server["cpu_us"] for server in own),
        busy=median(server["busy"] for server in own),
        peer_cpu_best=min(peers) if peers else None,
        p50_us=median(report["all"]["p50_us"] for report in reports),
        p99_us=median(report["all"]["p99_us"] for report in reports),
        set_p50_us=median(report["set"]["p50_us"] for report in reports),
        misses=sum(report["misses"] for report in reports))


def ratio(line: Line, lines: Sequence[Line], named_peer: str) -> Optional[float]:
    """The line's best CPU per request as a share of the named peer's under the same workload."""
    for other in lines:
        if other.workload == line.workload and other.contender == named_peer:
            return line.cpu_best / other.cpu_best if other.cpu_best > 0 else None
    return None


def table(lines: Sequence[Line], named_peer: str) -> str:
    """A Markdown table, one line per workload and contender."""
    with_peer = any(line.peer_cpu_best is not None for line in lines)
    header = ["workload", "server", "requests/s", "CPU us/request, best (worst)",
              f"of {named_peer}", "busy", "p50 us", "p99 us"]
    rows = [header + (["slave CPU us"] if with_peer else [])]
    rows.append(["---", "---"] + ["---:"] * (len(rows[0]) - 2))
    for line in lines:
        share = ratio(line, lines, named_peer)
        row = [line.workload.name, line.contender, f"{line.throughput_best:,.0f}",
               f"{line.cpu_best:.2f} ({line.cpu_worst:.2f})",
               "" if share is None else f"{share:.2f}x", f"{100 * line.busy:.0f} %",
               f"{line.p50_us:.0f}", f"{line.p99_us:.0f}"]
        if with_peer:
            row.append("" if line.peer_cpu_best is None else f"{line.peer_cpu_best:.2f}")
        rows.append(row)
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def warnings(lines: Sequence[Line]) -> List[str]:
    """What makes a line doubtful, one sentence each."""
    found = []
    for line in lines:
        if line.busy < BUSY_DOUBTFUL:
            found.append(f"{line.workload.name}, {line.contender}: the server was busy only "
                         f"{100 * line.busy:.0f} % of the time, not at saturation")
        if line.misses > 0:
            found.append(f"{line.workload.name}, {line.contender}: {line.misses} gets missed")
    return found


def verdicts(lines: Sequence[Line], contender: str, named_peer: str) -> List[Tuple[bool, str]]:
    """One (met, sentence) for each acceptance figure; what was not measured well is not met."""
    return [_verdict(lines, contender, named_peer, workload)
            for workload in WORKLOADS if workload.key in LIMITS]


def _verdict(lines: Sequence[Line], contender: str, named_peer: str,
             workload: Workload) -> Tuple[bool, str]:
    limit = LIMITS[workload.key]
    what = f"{contender}, {workload.name}: CPU per request of {named_peer}'s"
    both = [line for line in lines
            if line.workload == workload and line.contender in (contender, named_peer)]
    own = next((line for line in both if line.contender == contender), None)
    share = ratio(own, lines, named_peer) if own is not None else None
    if share is None:
        return False, f"{what}: not measured (limit {limit:.2f}x)"
    if min(line.busy for line in both) < BUSY_MIN:
        return False, (f"{what}: {share:.2f}x means nothing, a server was busy less than "
                       f"{100 * BUSY_MIN:.0f} % of the time (limit {limit:.2f}x)")
    return share <= limit, f"{what}: {share:.2f}x (limit {limit:.2f}x)"
