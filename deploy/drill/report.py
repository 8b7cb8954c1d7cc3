"""The drills' table and summary, for a person; the same as JSON, for machines."""

import json
import statistics
from typing import Dict, List, Optional

from deploy.drill.outcome import Outcome
from deploy.drill.verdict import known_gaps, roles_text

_COLUMNS = (("drill", 28), ("what was done", 26), ("detect", 8), ("1st write", 9), ("gap", 8),
            ("acked", 7), ("lost", 5), ("stale", 5), ("miss", 5), ("final roles", 19),
            ("verdict", 7), ("errors that clients saw", 0))
_LOG_LINES = 30

Results = Dict[str, List[Outcome]]


def header() -> str:
    names = _row([name for name, _ in _COLUMNS])
    return f"{names}\n{_row(['-' * width for _, width in _COLUMNS])}"


def row(outcome: Outcome) -> str:
    return _row([outcome.drill, _done(outcome), _ms(outcome.worst_ms("detect_ms")),
                 _ms(outcome.worst_ms("first_write_ms")), _ms(outcome.worst_ms("gap_ms")),
                 str(outcome.acknowledged), str(outcome.lost), str(outcome.stale),
                 str(outcome.misses), roles_text(outcome), _verdict(outcome.failures),
                 _errors(outcome)])


def explanation() -> str:
    return ("times in ms, of the worst fault of the drill. detect: the survivor's line "
            "'replication: close'; 1st write: the first\nacknowledged write sent to the survivor "
            "after the fault; gap: the longest time around the fault in which it\n"
            "acknowledged nothing new. lost: acknowledged writes that a live node lacks at the "
            "end. miss: reads of an\nacknowledged key that found nothing.")


def about_failures(outcome: Outcome, logs: Dict[str, List[str]]) -> str:
    """The reasons, what was seen, and the ends of the nodes' logs."""
    lines = [f"  FAILED: {failure}" for failure in outcome.failures]
    lines += [f"    {detail}" for detail in outcome.details]
    lines.append(f"    longest stall of the clients' own process: {outcome.client_stall_ms} ms")
    for name, log in logs.items():
        lines.append(f"    the last lines of {name} (seconds since the drill began):")
        lines += [f"      {line}" for line in log[-_LOG_LINES:]]
    return "\n".join(lines)


def summary(results: Results, series_failures: Dict[str, List[str]]) -> str:
    lines = [f"{'drill':28}  runs  passed  gap median  gap max  lost  stale"]
    for name, outcomes in results.items():
        gaps = known_gaps(outcomes)
        passed = sum(not outcome.failures for outcome in outcomes)
        median = _ms(statistics.median(gaps) if gaps else None)
        lines.append(f"{name:28}  {len(outcomes):4}  {passed:6}  {median:>10}  "
                     f"{_ms(max(gaps, default=None)):>7}  {_sum(outcomes, 'lost'):4}  "
                     f"{_sum(outcomes, 'stale'):5}")
        lines += [f"  FAILED: {failure}" for failure in series_failures[name]]
    return "\n".join(lines)


def as_json(results: Results, series_failures: Dict[str, List[str]]) -> str:
    drills = [{"drill": name, "gap_ms_median": _median(outcomes),
               "gap_ms_max": max(known_gaps(outcomes), default=None),
               "failures": series_failures[name],
               "runs": [outcome.as_json() for outcome in outcomes]}
              for name, outcomes in results.items()]
    return json.dumps({"passed": all_passed(results, series_failures), "drills": drills}, indent=2)


def all_passed(results: Results, series_failures: Dict[str, List[str]]) -> bool:
    runs = [outcome for outcomes in results.values() for outcome in outcomes]
    return not any(outcome.failures for outcome in runs) and not any(series_failures.values())


def _row(cells: List[str]) -> str:
    widths = [width for _, width in _COLUMNS]
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths)).rstrip()


def _done(outcome: Outcome) -> str:
    if not outcome.faults:
        return "-"
    more = len(outcome.faults) - 1
    return outcome.faults[0].what + (f" and {more} more" if more else "")


def _errors(outcome: Outcome) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in sorted(outcome.errors.items())) or "none"


def _verdict(failures: List[str]) -> str:
    return "FAILED" if failures else "ok"


def _ms(value: Optional[float]) -> str:
    return "-" if value is None else f"{value:.1f}"


def _median(outcomes: List[Outcome]) -> Optional[float]:
    gaps = known_gaps(outcomes)
    return round(statistics.median(gaps), 1) if gaps else None


def _sum(outcomes: List[Outcome], what: str) -> int:
    return sum(getattr(outcome, what) for outcome in outcomes)
