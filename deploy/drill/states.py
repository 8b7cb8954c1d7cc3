"""What the nodes' lines say about their states. Pure."""

import re
from typing import Iterable, List, Optional, Tuple

Line = Tuple[float, str]

_STATE = re.compile(r"twincached: (BOOT|JOIN|SLAVE|MASTER|HOLD|SOLO|FEED): ")
_PAIRED = ("MASTER", "SLAVE")
_LINKED = (*_PAIRED, "FEED", "JOIN")
_SNAPSHOT = "replication: marugoto copying"


def entered(lines: Iterable[Line], after: float, until: float) -> List[Line]:
    """The states that a node entered in that time, and when."""
    found = ((when, _STATE.search(line)) for when, line in lines if after <= when <= until)
    return [(when, match.group(1)) for when, match in found if match]


def snapshots(lines: Iterable[Line], after: float) -> int:
    """How often the node began to copy everything."""
    return sum(when >= after and _SNAPSHOT in line for when, line in lines)


def paired_again(lines: Iterable[Line], fault: Tuple[float, float],
                 until: float) -> Optional[float]:
    """Seconds from the end of the fault (begin, end) until the node is in sync again; 0 if it never
    stopped being so, None if it does not come back."""
    return _back(_PAIRED, entered(lines, fault[0], until), fault[1])


def linked_again(lines: Iterable[Line], fault: Tuple[float, float],
                 until: float) -> Optional[float]:
    """The same, until it has agreed with the other node on who gives what to whom."""
    return _back(_LINKED, entered(lines, fault[0], until), fault[1])


def _back(wanted: Tuple[str, ...], states: List[Line], end: float) -> Optional[float]:
    left = next((when for when, state in states if state not in wanted), None)
    if left is None:
        return 0.0
    back = next((when for when, state in states
                 if when >= max(left, end) and state in wanted), None)
    if back is not None:
        return back - end
    return 0.0 if states[-1][1] in wanted else None
