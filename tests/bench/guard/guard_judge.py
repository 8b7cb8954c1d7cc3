"""Compares counted instructions with the committed figures. Pure: values in, sentences out."""

import json
from typing import Dict, List, Tuple

TOLERANCE = 0.05

UPDATE_COMMAND = "./bazelw run -c opt //tests/bench/guard:instructions -- --update"

Figures = Dict[str, int]  # instructions per operation, by name


def judge(old: Figures, new: Figures) -> Tuple[bool, List[str]]:
    """Whether the guard holds, and one line per figure; what is known on one side only fails."""
    holds, lines = True, []
    for name in list(new) + [name for name in old if name not in new]:
        if name not in new or name not in old:
            side = "committed but not counted" if name in old else "counted but not committed"
            lines.append(f"FAILED {name}: {side}")
            holds = False
            continue
        change = new[name] / old[name] - 1
        verdict = "ok"
        if new[name] > round(old[name] * (1 + TOLERANCE)):
            holds, verdict = False, "FAILED, more than before"
        elif new[name] < round(old[name] * (1 - TOLERANCE)):
            verdict = "BETTER: commit it, so that it cannot be lost again"
        lines.append(f"{verdict:9} {name}: {old[name]:,} -> {new[name]:,} instructions "
                     f"({100 * change:+.1f} %)")
    if not holds or any(line.startswith("BETTER") for line in lines):
        lines.append(f"the limit is +{100 * TOLERANCE:.0f} %. If the change is meant, write the "
                     f"new figures and commit them:\n    {UPDATE_COMMAND}")
    return holds, lines


def totals(costs: Dict[str, Dict[str, float]]) -> Figures:
    return {name: round(sum(by_object.values())) for name, by_object in costs.items()}


def figures_text(figures: Figures) -> str:
    return json.dumps(figures, indent=1) + "\n"


def breakdown(costs: Dict[str, Dict[str, float]]) -> List[str]:
    """Which object file the instructions are in, one line per figure."""
    lines = []
    for name, by_object in costs.items():
        largest = sorted(by_object.items(), key=lambda item: -item[1])[:5]
        lines.append(f"  {name}: " + ", ".join(f"{file} {cost:,.0f}" for file, cost in largest))
    return lines


def spreads(rounds: List[Figures]) -> List[str]:
    """How far the same count was apart in several rounds, one line per figure."""
    lines = []
    for name in rounds[0]:
        values = [figures[name] for figures in rounds]
        spread = 100 * (max(values) - min(values)) / min(values)
        lines.append(f"  {name}: {min(values):,} to {max(values):,} ({spread:.2f} %)")
    return lines
