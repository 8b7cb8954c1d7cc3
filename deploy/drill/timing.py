"""Times around a fault, from the acknowledgements that clients got. Pure."""

import math
from array import array
from bisect import bisect_right
from typing import Iterable, Optional

# A pause counts to a fault if it begins at most so long after it.
_PAUSE_BEGINS_WITHIN_S = 1.0


class AckTimes:
    """Acknowledged writes of one node in the order they arrived; seconds, one clock."""

    def __init__(self) -> None:
        self.sent = array("d")
        self.acknowledged = array("d")

    def add(self, sent: float, acknowledged: float) -> None:
        self.sent.append(sent)
        self.acknowledged.append(acknowledged)

    def first_after(self, fault: float, until: float) -> Optional[float]:
        """Seconds from the fault to the first acknowledgement of a write that was sent after it."""
        for index in range(bisect_right(self.acknowledged, fault), len(self.acknowledged)):
            if self.acknowledged[index] > until:
                return None
            if self.sent[index] > fault:
                return self.acknowledged[index] - fault
        return None

    def longest_pause(self, fault: float, until: float) -> float:
        """The longest time without an acknowledgement around the fault, cut at `until`."""
        times = self.acknowledged
        index = bisect_right(times, fault)
        begin = times[index - 1] if index else fault
        longest = 0.0
        while begin < min(fault + _PAUSE_BEGINS_WITHIN_S, until):
            end = min(times[index], until) if index < len(times) else until
            longest = max(longest, end - begin)
            begin = end
            index += 1
        return longest

    def calm(self, fault: float, quiet_since: float) -> Optional[float]:
        """The same before the fault, in as long a time: what machine and clients do anyway. None:
        something else was done to the nodes in that time."""
        begin = fault - _PAUSE_BEGINS_WITHIN_S
        return None if begin < quiet_since else self.longest_pause(begin, fault)

    def gap(self, fault: float, until: float) -> Optional[float]:
        """How long this node acknowledged nothing new: the worse of the first two. None: never."""
        first = self.first_after(fault, until)
        return None if first is None else max(first, self.longest_pause(fault, until))


def milliseconds(seconds: Optional[float]) -> Optional[float]:
    return None if seconds is None else round(seconds * 1000.0, 1)


def quantile(values: Iterable[float], part: float) -> Optional[float]:
    """The smallest value that at least this part of the values do not exceed; None of nothing."""
    ordered = sorted(values)
    if not ordered:
        return None
    return ordered[max(0, math.ceil(part * len(ordered)) - 1)]


def worst(values: Iterable[Optional[float]]) -> Optional[float]:
    """The greatest; None (it never happened) is worse than any number. None of nothing."""
    known = list(values)
    if not known or None in known:
        return None
    return max(value for value in known if value is not None)
