"""What idle connections cost: a table and verdicts. Pure."""

from dataclasses import dataclass, field
from typing import Any, Dict, List, Sequence

from tests.bench.yardstick.acceptance import Verdict
from tests.bench.yardstick.summary import BUSY_MIN, markdown

BYTES_MAX = 4096
CPU_MAX = 1.05


@dataclass
class Cost:
    """Of one server, one value per round."""

    name: str
    alone_us: List[float] = field(default_factory=list)
    beside_us: List[float] = field(default_factory=list)
    bytes_each: List[float] = field(default_factory=list)
    busy: List[float] = field(default_factory=list)

    def add(self, alone: Dict[str, Any], beside: Dict[str, Any], bytes_each: float) -> None:
        """One round; `alone` and `beside` are the server's part of a load's report."""
        self.alone_us.append(alone["cpu_us"])
        self.beside_us.append(beside["cpu_us"])
        self.busy.append(min(alone["busy"], beside["busy"]))
        self.bytes_each.append(bytes_each)

    @property
    def cpu_ratio(self) -> float:
        return min(self.beside_us) / min(self.alone_us)

    @property
    def first_bytes_each(self) -> float:
        """Of the first round: later ones find memory that earlier ones left behind."""
        return self.bytes_each[0]


def table(costs: Sequence[Cost]) -> str:
    rows = [["server", "CPU us/request alone, best", "beside idle ones, best", "ratio", "busy",
             "RSS bytes per connection"], ["---"] + ["---:"] * 5]
    for cost in costs:
        rows.append([cost.name, f"{min(cost.alone_us):.2f}", f"{min(cost.beside_us):.2f}",
                     f"{cost.cpu_ratio:.2f}x", f"{100 * min(cost.busy):.0f} %",
                     f"{cost.first_bytes_each:,.0f}"])
    return markdown(rows)


def verdicts(costs: Sequence[Cost]) -> List[Verdict]:
    found = []
    for cost in costs:
        reason = ""
        if max(cost.busy) < BUSY_MIN:
            reason = f"it was busy {100 * max(cost.busy):.0f} % of the time at best"
        found.append(Verdict(f"{cost.name}: CPU per request beside idle connections",
                             cost.cpu_ratio, CPU_MAX, reason=reason, fails=bool(reason)))
        found.append(Verdict(f"{cost.name}: bytes per connection", cost.first_bytes_each,
                             BYTES_MAX))
    return found
