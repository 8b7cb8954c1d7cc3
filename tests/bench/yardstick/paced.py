"""Latency at a fixed rate, the same for every server: the median of several runs. Pure."""

from dataclasses import dataclass
from statistics import median
from typing import Any, Dict, List, Sequence

from tests.bench.yardstick.kinds import Kind
from tests.bench.yardstick.summary import markdown

RATE = 60000  # requests per second in all
GET_RATIO = 0.9


@dataclass(frozen=True)
class Paced:
    """Latencies of one contender in microseconds, by kind of request, and its own CPU beside."""

    kind: Kind
    runs: int
    rate: float  # reached, the median
    p50_us: Dict[str, float]
    p99_us: Dict[str, float]


def flags() -> List[str]:
    return ["--rate", str(RATE), "--get-ratio", str(GET_RATIO), "--pipeline", "1"]


def summarise(kind: Kind, reports: Sequence[Dict[str, Any]]) -> Paced:
    def medians(percentile: str) -> Dict[str, float]:
        return {request: median(report[request][percentile] for report in reports)
                for request in ("get", "set")}

    return Paced(kind, len(reports), median(report["requests_per_second"] for report in reports),
                 medians("p50_us"), medians("p99_us"))


def table(found: Sequence[Paced]) -> str:
    rows = [[f"at {RATE:,}/s, 9:1", "runs", "reached/s", "get p50 us", "set p50 us", "get p99 us",
             "set p99 us"], ["---"] + ["---:"] * 6]
    for paced in found:
        rows.append([paced.kind.name, str(paced.runs), f"{paced.rate:,.0f}",
                     f"{paced.p50_us['get']:.0f}", f"{paced.p50_us['set']:.0f}",
                     f"{paced.p99_us['get']:.0f}", f"{paced.p99_us['set']:.0f}"])
    return markdown(rows)
