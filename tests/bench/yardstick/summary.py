"""From the reports of all rounds to a table. Pure: no process, clock or printing."""

from dataclasses import dataclass
from statistics import median
from typing import Any, Dict, List, Optional, Sequence

from tests.bench.yardstick.kinds import MEMCACHED, Kind

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


@dataclass(frozen=True)
class Line:
    """One contender under one workload, over all rounds. CPU in microseconds per request."""

    workload: Workload
    kind: Kind
    throughput_best: float
    cpu_best: float
    cpu_worst: float
    busy: float  # of the cores that it can have; see busy_share
    peer_cpu_best: Optional[float]
    p50_us: float
    p99_us: float
    p999_us: float
    resident_mib: float
    misses: int
    system_calls: Optional[float] = None  # per request


def as_one_server(report: Report) -> Report:
    """The report with what its servers used together, as of one server."""
    names = ("cpu_us", "busy", "resident_bytes")
    whole = {name: sum(server[name] for server in report["servers"]) for name in names}
    return {**report, "servers": [whole]}


def busy_share(report: Report, threads: int, cores: int) -> float:
    """How near the run was to saturation, 1 being all that there is.

    The load needs a core of its own, so a server with more threads can have the others. A master
    shares the cores with its slave: it is saturated as well when all of them together are busy.
    """
    own = report["servers"][0]["busy"] / max(1, min(threads, cores - 1))
    if len(report["servers"]) == 1:
        return own
    everything = sum(server["busy"] for server in report["servers"]) + report["load_busy"]
    return max(own, everything / cores)


def summarise(workload: Workload, kind: Kind, reports: Sequence[Report], cores: int) -> Line:
    """Best and worst over the rounds, medians for latencies. REQUIRES: at least one report."""
    own = [report["servers"][0] for report in reports]
    peers = [report["servers"][1]["cpu_us"] for report in reports if len(report["servers"]) > 1]
    latencies = {name: median(report["all"][name] for report in reports)
                 for name in ("p50_us", "p99_us", "p999_us")}
    return Line(
        workload=workload,
        kind=kind,
        throughput_best=max(report["requests_per_second"] for report in reports),
        cpu_best=min(server["cpu_us"] for server in own),
        cpu_worst=max(server["cpu_us"] for server in own),
        busy=median(busy_share(report, kind.threads, cores) for report in reports),
        peer_cpu_best=min(peers) if peers else None,
        resident_mib=max(server["resident_bytes"] for server in own) / (1 << 20),
        misses=sum(report["misses"] for report in reports),
        **latencies)


def find(lines: Sequence[Line], kind: Kind, workload_key: str) -> Optional[Line]:
    for line in lines:
        if line.kind == kind and line.workload.key == workload_key:
            return line
    return None


def ratio(line: Line, lines: Sequence[Line]) -> Optional[float]:
    """The best CPU per request as a share of memcached's with as many threads, same workload."""
    peer = find(lines, Kind(MEMCACHED, threads=line.kind.threads), line.workload.key)
    return line.cpu_best / peer.cpu_best if peer is not None and peer.cpu_best > 0 else None


def table(lines: Sequence[Line], calls_by: str) -> str:
    """A Markdown table, one line per workload and contender. `calls_by`: how calls were counted."""
    with_peer = any(line.peer_cpu_best is not None for line in lines)
    rows = [["workload", "server", "requests/s", "CPU us/request, best (worst)", "of memcached",
             "busy", "p50 us", "p99 us", "p99.9 us", f"system calls/request ({calls_by})",
             "RSS MiB"] + (["slave CPU us/request"] if with_peer else [])]
    rows.append(["---", "---"] + ["---:"] * (len(rows[0]) - 2))
    for line in lines:
        share = ratio(line, lines)
        row = [line.workload.name, line.kind.name, f"{line.throughput_best:,.0f}",
               f"{line.cpu_best:.2f} ({line.cpu_worst:.2f})",
               "" if share is None else f"{share:.2f}x", f"{100 * line.busy:.0f} %",
               f"{line.p50_us:.0f}", f"{line.p99_us:.0f}", f"{line.p999_us:.0f}",
               "" if line.system_calls is None else f"{line.system_calls:.2f}",
               f"{line.resident_mib:.0f}"]
        if with_peer:
            row.append("" if line.peer_cpu_best is None else f"{line.peer_cpu_best:.2f}")
        rows.append(row)
    return markdown(rows)


def markdown(rows: Sequence[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def warnings(lines: Sequence[Line]) -> List[str]:
    """What makes a line doubtful, one sentence each."""
    found = []
    for line in lines:
        if line.busy < BUSY_DOUBTFUL:
            found.append(f"{line.workload.name}, {line.kind.name}: the server was busy only "
                         f"{100 * line.busy:.0f} % of the time, not at saturation")
        if line.misses > 0:
            found.append(f"{line.workload.name}, {line.kind.name}: {line.misses} gets missed")
    return found
