"""From played traces to memory sizes, a table and a verdict. Pure: no process, clock or printing.

Ratios are of requests, 0 to 1; the table has percent, and points for their differences.
"""

from dataclasses import dataclass
from typing import Dict, List, Sequence, Tuple

MIB = 1 << 20

# The acceptance figures: no row below memcached, and in so many rows so many points better.
POINTS_BETTER = 2.0
ROWS_BETTER_MIN = 3


@dataclass(frozen=True)
class Trace:
    """`name` is the one that `replay --trace` knows.

    `memory_mb_min` is the least -m at which the comparison means something: two pages of 1 MiB for
    each size class that memcached divides the trace's values into, because it gives every class its
    first page even above -m.
    """

    name: str
    memory_mb_min: int


TRACES = (
    Trace("zipf-0.8", 8),
    Trace("zipf-0.99", 8),
    Trace("zipf-1.2", 8),
    Trace("scan", 8),
    Trace("shift", 8),
    Trace("mixed", 32),
)


@dataclass(frozen=True)
class Row:
    """One trace at one memory size, on every server."""

    trace: str
    memory_mb: int
    working_set_bytes: int
    hit_ratios: Dict[str, float]  # by server

    @property
    def memory_percent(self) -> float:
        return 100 * self.memory_mb * MIB / self.working_set_bytes

    def points(self, server: str, named_peer: str) -> float:
        """How many points better than the peer, as exact as the table shows it."""
        return round(100 * (self.hit_ratios[server] - self.hit_ratios[named_peer]), 2) + 0.0


def memory_sizes_mb(trace: Trace, working_set_bytes: int, percents: Sequence[float]) -> List[int]:
    """The -m of each percentage of the working set, at least the trace's least, each once."""
    sizes: List[int] = []
    for percent in percents:
        size = max(trace.memory_mb_min, round(working_set_bytes * percent / 100 / MIB))
        if size not in sizes:
            sizes.append(size)
    return sizes


def table(rows: Sequence[Row], servers: Sequence[str], named_peer: str) -> str:
    """A Markdown table: hit ratios in percent, differences from the named peer in points."""
    others = [server for server in servers if server != named_peer]
    header = ["trace", "-m, MiB", "of the working set", *servers,
              *(f"{server} - {named_peer}" for server in others)]
    lines = [header, ["---"] + ["---:"] * (len(header) - 1)]
    for row in rows:
        lines.append([row.trace, str(row.memory_mb), f"{row.memory_percent:.1f} %",
                      *(f"{100 * row.hit_ratios[server]:.2f} %" for server in servers),
                      *(f"{row.points(server, named_peer):+.2f}" for server in others)])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def verdicts(rows: Sequence[Row], server: str, named_peer: str) -> List[Tuple[bool, str]]:
    """One (met, sentence) for each acceptance figure."""
    below = [row for row in rows if row.points(server, named_peer) < 0]
    better = [row for row in rows if row.points(server, named_peer) >= POINTS_BETTER]
    where = ", ".join(f"{row.trace} at {row.memory_mb} MiB" for row in below)
    return [
        (bool(rows) and not below,
         f"{server} is below {named_peer} in {len(below)} of {len(rows)} rows (limit 0)"
         + (f": {where}" if where else "")),
        (len(better) >= ROWS_BETTER_MIN,
         f"{server} is at least {POINTS_BETTER:g} points better than {named_peer} in "
         f"{len(better)} rows (limit {ROWS_BETTER_MIN})"),
    ]
