"""Gaps from hand-made acknowledgements."""

import unittest
from typing import Optional

from deploy.drill.timing import AckTimes, quantile, worst

_FAULT = 10.0
_UNTIL = 20.0


def _acks(*pairs: tuple) -> AckTimes:
    times = AckTimes()
    for sent, acknowledged in pairs:
        times.add(sent, acknowledged)
    return times


class AckTimesTest(unittest.TestCase):
    def _near(self, found: Optional[float], expected: float) -> None:
        assert found is not None
        self.assertAlmostEqual(found, expected, 6)

    def test_first_ignores_answers_to_writes_sent_before_the_fault(self) -> None:
        times = _acks((9.9, 10.01), (10.02, 10.3))
        self._near(times.first_after(_FAULT, _UNTIL), 0.3)

    def test_pause_spans_the_fault(self) -> None:
        times = _acks((9.9, 9.99), (9.99, 10.09), (10.1, 10.11))
        self._near(times.longest_pause(_FAULT, 10.11), 0.10)

    def test_pause_that_begins_a_little_after_the_fault_counts(self) -> None:
        times = _acks((9.9, 9.99), (10.0, 10.001), (10.0005, 10.301), (10.3, 10.302))
        self._near(times.longest_pause(_FAULT, _UNTIL), _UNTIL - 10.302)
        self._near(times.gap(_FAULT, 10.302), 0.301)

    def test_calm_is_the_pause_before_the_fault(self) -> None:
        times = _acks((8.0, 8.1), (8.2, 9.01), (9.02, 9.04), (9.03, 9.98), (10.0, 11.0))
        self._near(times.calm(_FAULT, 8.5), 0.94)
        self.assertIsNone(times.calm(_FAULT, 9.1))

    def test_no_answer_after_the_fault_is_no_gap_that_ended(self) -> None:
        times = _acks((9.9, 9.99))
        self.assertIsNone(times.gap(_FAULT, _UNTIL))

    def test_silence_until_the_end_is_not_hidden_by_one_early_answer(self) -> None:
        times = _acks((9.9, 9.99), (10.0, 10.001))
        self.assertIsNone(times.gap(_FAULT, _UNTIL))
        self._near(times.longest_pause(_FAULT, _UNTIL), _UNTIL - 10.001)

    def test_answers_of_the_next_fault_do_not_count(self) -> None:
        times = _acks((9.9, 9.99), (10.5, 21.0))
        self.assertIsNone(times.first_after(_FAULT, _UNTIL))
        self._near(times.longest_pause(_FAULT, _UNTIL), _UNTIL - 9.99)


class QuantileTest(unittest.TestCase):
    def test_of_a_hundred(self) -> None:
        values = [float(value) for value in range(100, 0, -1)]
        self.assertEqual([quantile(values, part) for part in (0.5, 0.99, 1.0)], [50, 99, 100])

    def test_of_one_and_of_none(self) -> None:
        self.assertEqual(quantile([7.0], 0.5), 7.0)
        self.assertIsNone(quantile([], 0.5))


class WorstTest(unittest.TestCase):
    def test_never_is_worse_than_late(self) -> None:
        self.assertIsNone(worst([1.0, None]))
        self.assertEqual(worst([1.0, 3.0, 2.0]), 3.0)


if __name__ == "__main__":
    unittest.main()
