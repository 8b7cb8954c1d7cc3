"""States from lines made by hand."""

import unittest
from typing import List, Optional

from deploy.drill.states import Line, entered, linked_again, paired_again, snapshots

_LINES: List[Line] = [
    (1.0, "twincached: SLAVE: in sync with x:1"), (2.0, "twincached: HOLD: the link ended"),
    (2.5, "replication: marugoto copying"), (3.0, "twincached: JOIN: joining x:1"),
    (4.0, "twincached: SLAVE: in sync with x:1"), (5.0, "twincached: got signal 15")]


class StatesTest(unittest.TestCase):
    def _again(self, begin: float, end: float, until: float = 9.0) -> Optional[float]:
        return paired_again(_LINES, (begin, end), until)

    def test_states_of_a_span(self) -> None:
        self.assertEqual(entered(_LINES, 1.5, 3.5), [(2.0, "HOLD"), (3.0, "JOIN")])

    def test_snapshots(self) -> None:
        self.assertEqual((snapshots(_LINES, 2.0), snapshots(_LINES, 3.0)), (1, 0))

    def test_back_after_the_end_of_the_fault(self) -> None:
        self.assertEqual(self._again(1.5, 1.5), 2.5)
        self.assertEqual(self._again(1.5, 3.5), 0.5)

    def test_linked_before_it_is_in_sync(self) -> None:
        self.assertEqual(linked_again(_LINES, (1.5, 1.5), 9.0), 1.5)

    def test_back_before_the_end_of_the_fault_is_at_once(self) -> None:
        self.assertEqual(self._again(1.5, 4.5), 0.0)

    def test_never_left(self) -> None:
        self.assertEqual(self._again(4.5, 4.5), 0.0)

    def test_never_back(self) -> None:
        self.assertIsNone(self._again(1.5, 1.5, until=3.5))


if __name__ == "__main__":
    unittest.main()
