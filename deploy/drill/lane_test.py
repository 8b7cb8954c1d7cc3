"""Lanes on a clock of the test's own."""

import unittest
from typing import List, Tuple

from deploy.drill.lane import FORWARD, QUEUE_BYTES_MAX, Faults, Lane, Shape


def _lane(shape: Shape = FORWARD, chances: Tuple[float, ...] = ()) -> Lane:
    left: List[float] = list(chances)
    faults = Faults(lambda: left.pop(0) if left else 0.0)
    faults.shape = shape
    return Lane(faults)


def _pass_on(lane: Lane, now: float) -> bytes:
    """Everything that may go by now."""
    gone = b""
    while True:
        piece = lane.take(now)
        if not piece:
            return gone
        lane.pass_on(len(piece), now)
        gone += piece


class LaneTest(unittest.TestCase):
    def test_forwards_at_once_and_in_order(self) -> None:
        lane = _lane()
        lane.put(b"ab", 1.0)
        lane.put(b"cd", 1.0)
        self.assertEqual(_pass_on(lane, 1.0), b"abcd")
        self.assertTrue(lane.empty())

    def test_what_was_passed_on_in_part_goes_on_behind_it(self) -> None:
        lane = _lane()
        lane.put(b"abcd", 1.0)
        lane.pass_on(1, 1.0)
        self.assertEqual(_pass_on(lane, 1.0), b"bcd")

    def test_delay(self) -> None:
        lane = _lane(Shape(delay_s=0.5))
        lane.put(b"a", 1.0)
        self.assertEqual(lane.take(1.4), b"")
        self.assertEqual(lane.next_at(), 1.5)
        self.assertEqual(lane.take(1.5), b"a")

    def test_jitter_never_reorders(self) -> None:
        lane = _lane(Shape(delay_s=0.5, jitter_s=1.0), chances=(1.0, 0.0))
        lane.put(b"a", 1.0)
        lane.put(b"b", 1.0)
        self.assertEqual(_pass_on(lane, 2.4), b"")
        self.assertEqual(_pass_on(lane, 2.5), b"ab")

    def test_a_slow_lane_keeps_its_rate(self) -> None:
        lane = _lane(Shape(bytes_per_s=1000.0))
        lane.put(b"x" * 100, 0.0)
        gone, now = 0, 0.0
        while not lane.empty():
            gone += len(_pass_on(lane, now))
            self.assertLessEqual(gone, 1000.0 * now + 10)
            now = now if lane.empty() else lane.next_at()
        self.assertEqual(gone, 100)
        self.assertGreater(now, 0.08)

    def test_two_connections_of_a_node_share_its_rate(self) -> None:
        first = _lane(Shape(bytes_per_s=1000.0))
        second = Lane(first.faults)
        for lane in (first, second):
            lane.put(b"x" * 10, 0.0)
        self.assertEqual(len(_pass_on(first, 0.0)), 10)
        self.assertEqual(_pass_on(second, 0.009), b"")
        self.assertEqual(len(_pass_on(second, 0.01)), 10)

    def test_a_stalled_lane_keeps_everything(self) -> None:
        lane = _lane(Shape(stalled=True))
        lane.put(b"a", 1.0)
        self.assertEqual(lane.take(100.0), b"")
        lane.faults.shape = FORWARD
        self.assertEqual(_pass_on(lane, 100.0), b"a")

    def test_is_full_until_some_is_gone(self) -> None:
        lane = _lane()
        lane.put(b"x" * QUEUE_BYTES_MAX, 1.0)
        self.assertTrue(lane.full())
        lane.pass_on(1, 1.0)
        self.assertFalse(lane.full())


class SpoilTest(unittest.TestCase):
    def test_corrupts_one_byte_once(self) -> None:
        lane = _lane()
        lane.faults.corrupt()
        for _ in range(2):
            lane.put(b"aaaa", 1.0)
        gone = _pass_on(lane, 1.0)
        self.assertEqual(sum(byte != ord("a") for byte in gone[:4]), 1)
        self.assertEqual(gone[4:], b"aaaa")
        self.assertFalse(lane.cut)

    def test_truncates_and_ends(self) -> None:
        lane = _lane()
        lane.faults.truncate()
        lane.put(b"abcd", 1.0)
        lane.put(b"never", 1.0)
        self.assertEqual(_pass_on(lane, 1.0), b"ab")
        self.assertTrue(lane.cut)

    def test_a_fault_hits_one_connection(self) -> None:
        lane = _lane()
        lane.faults.truncate()
        lane.put(b"abcd", 1.0)
        other = Lane(lane.faults)
        other.put(b"abcd", 1.0)
        self.assertEqual(_pass_on(other, 1.0), b"abcd")


if __name__ == "__main__":
    unittest.main()
