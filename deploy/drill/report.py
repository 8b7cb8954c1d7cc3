"""The drills' table and summary, for a person; the same as JSON, for machines."""

import json
from typing import Dict, List, Optional

from deploy.drill.findings import KINDS
from deploy.drill.outcome import Outcome
from deploy.drill.scenario import QUANTILES
from deploy.drill.timing import quantile
from deploy.drill.verdict import MEASURED, known_times, roles_text

_COLUMNS = (("drill", 24), ("what was done", 26), ("detect", 7), ("1st write", 9), ("gap", 7),
            ("resume", 7), ("acked", 7), *((kind, 5) for kind in KINDS), ("final roles", 19),
            ("verdict", 7), ("errors that clients saw", 0))
_LOG_LINES = 30

Results = Dict[str, List[Outcome]]


def header() -> str:
    names = _row([name for name, _ in _COLUMNS])
    return f"{names}\n{_row(['-' * width for _, width in _COLUMNS])}"


def row(outcome: Outcome) -> str:
    if outcome.skipped:
        return _row([outcome.drill, f"skipped: {outcome.skipped}"])
    return _row([outcome.drill, _done(outcome), _ms(outcome.worst_ms("detect_ms")),
                 _ms(outcome.worst_ms("first_write_ms")), _ms(outcome.worst_ms("gap_ms")),
                 _ms(outcome.worst_ms("resume_ms")), str(outcome.acknowledged),
                 *(str(outcome.found[kind]) for kind in KINDS), roles_text(outcome),
                 _verdict(outcome.failures), _errors(outcome)])


def explanation() -> str:
    return ("times in ms, of the worst fault of the drill. detect: the survivor's line "
            "'replication: close'; 1st write: the first\nacknowledged write sent to the survivor "
            "after the fault; gap: the longest time around the fault in which it\n"
            "acknowledged nothing new; calm: the same in the second before it; resume: from the "
            "end of the fault until both nodes\nare in sync. lost, stale, twice, wrong: what "
            "check_history found in everything that the clients did and that\nthe nodes hold at "
            "the end.")


def about_failures(outcome: Outcome, logs: Dict[str, List[str]]) -> str:
    """The reasons, what was seen, and the ends of the nodes' logs."""
    lines = [f"  FAILED: {failure}" for failure in outcome.failures]
    lines += [f"    {detail}" for detail in outcome.details]
    lines.append(f"    longest stall of the clients' own process: {outcome.client_stall_ms} ms")
    for name, log in logs.items():
        lines.append(f"    the last lines of {name} (seconds since the drill began):")
        lines += [f"      {line}" for line in log[-_LOG_LINES:]]
    return "\n".join(lines)


def progress(name: str, outcomes: List[Outcome], runs: int) -> str:
    """One line on how a long series stands."""
    failed = sum(bool(outcome.failures) for outcome in outcomes)
    return (f"{name}: {len(outcomes)} of {runs} runs, {failed} failed, {_found(outcomes)}; "
            f"1st write {_quantiles(outcomes, 'first_write_ms')}")


def summary(results: Results, series_failures: Dict[str, List[str]]) -> str:
    lines = []
    for name, outcomes in results.items():
        failed = sum(bool(outcome.failures) for outcome in outcomes)
        skipped = sum(bool(outcome.skipped) for outcome in outcomes)
        acknowledged = sum(outcome.acknowledged for outcome in outcomes)
        resident = max((fault.resident_mb for outcome in outcomes for fault in outcome.faults),
                       default=0.0)
        lines.append(f"{name}: {len(outcomes)} runs, {failed} failed, {skipped} skipped, "
                     f"{acknowledged} writes acknowledged, {_found(outcomes)}, at most "
                     f"{resident:.0f} MiB resident")
        lines += [f"  {what[:-3].replace('_', ' '):12} {_quantiles(outcomes, what)}"
                  for what in (*MEASURED, "calm_ms") if known_times(outcomes, what)]
        lines += [f"  FAILED: {failure}" for failure in series_failures[name]]
    return "\n".join(lines)


def as_json(results: Results, series_failures: Dict[str, List[str]]) -> str:
    drills = [{"drill": name,
               **{what: _by_quantile(outcomes, what) for what in MEASURED},
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


def _found(outcomes: List[Outcome]) -> str:
    totals = {kind: sum(outcome.found[kind] for outcome in outcomes) for kind in KINDS}
    return ", ".join(f"{kind} {total}" for kind, total in totals.items())


def _by_quantile(outcomes: List[Outcome], what: str) -> Dict[str, Optional[float]]:
    times = known_times(outcomes, what)
    return {name: quantile(times, part) for name, part in QUANTILES.items()}


def _quantiles(outcomes: List[Outcome], what: str) -> str:
    return " ".join(f"{name} {_ms(time)}" for name, time in _by_quantile(outcomes, what).items())


def _verdict(failures: List[str]) -> str:
    return "FAILED" if failures else "ok"


def _ms(value: Optional[float]) -> str:
    return "-" if value is None else f"{value:.1f}"
