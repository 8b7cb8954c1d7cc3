"""The trace of a load run (`load --trace`): every reply's time, kind and latency.

Times are CLOCK_MONOTONIC in nanoseconds, which is Python's time.monotonic_ns().
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterable, List


@dataclass(frozen=True)
class Reply:
    completed_ns: int
    kind: str  # "get" or "set"
    latency_ns: int

    def overlaps(self, begin_ns: int, end_ns: int) -> bool:
        """True if the request was outstanding at any time from begin to end."""
        return self.completed_ns >= begin_ns and self.completed_ns - self.latency_ns <= end_ns


def read_trace(path: Path) -> List[Reply]:
    with open(path, encoding="ascii") as lines:
        fields = [line.split() for line in lines]
    return [Reply(int(completed), kind, int(latency)) for completed, kind, latency in fields]


def latencies_ms(replies: Iterable[Reply], kind: str) -> Dict[str, float]:
    """Count, median, 99.9th percentile and maximum of one kind; zeros when there is none."""
    sorted_ms = sorted(reply.latency_ns / 1e6 for reply in replies if reply.kind == kind)
    if not sorted_ms:
        return {"count": 0, "p50": 0.0, "p999": 0.0, "max": 0.0}
    return {"count": len(sorted_ms), "p50": _percentile(sorted_ms, 0.5),
            "p999": _percentile(sorted_ms, 0.999), "max": sorted_ms[-1]}


def _percentile(sorted_values: List[float], share: float) -> float:
    rank = -(-len(sorted_values) * share // 1)  # rounded up
    return sorted_values[max(0, int(rank) - 1)]
