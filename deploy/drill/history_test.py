"""Histories made by hand: what must be flagged is, and what must not is not."""

import unittest
from typing import Dict

from deploy.drill.history import FRESH, MISS, STALE, WRONG, History, make_value, value_number


def _history(acknowledged: int, unknown: int = 0) -> History:
    """Key k: so many acknowledged writes, then so many without an answer."""
    history = History()
    for _ in range(acknowledged):
        history.acknowledged("k", history.sent("k"))
    for _ in range(unknown):
        history.unknown("k", history.sent("k"))
    return history


def _node(number: int) -> Dict[str, bytes]:
    return {"k": make_value("k", number)}


class FinalTest(unittest.TestCase):
    def _kinds(self, history: History, values: Dict[str, bytes]) -> list:
        return [finding.kind for finding in history.judge_final(values)]

    def test_last_acknowledged_is_fine(self) -> None:
        self.assertEqual(self._kinds(_history(3), _node(3)), [])

    def test_missing_acknowledged_is_lost(self) -> None:
        self.assertEqual(self._kinds(_history(1), {}), [MISS])

    def test_older_than_acknowledged_is_lost(self) -> None:
        self.assertEqual(self._kinds(_history(3), _node(2)), [STALE])

    def test_unknown_may_be_there_or_not(self) -> None:
        self.assertEqual(self._kinds(_history(2, unknown=1), _node(2)), [])
        self.assertEqual(self._kinds(_history(2, unknown=1), _node(3)), [])

    def test_unknown_does_not_excuse_the_loss_of_an_older_one(self) -> None:
        self.assertEqual(self._kinds(_history(2, unknown=1), _node(1)), [STALE])
        self.assertEqual(self._kinds(_history(2, unknown=1), {}), [MISS])

    def test_first_write_unknown_and_absent_is_fine(self) -> None:
        self.assertEqual(self._kinds(_history(0, unknown=1), {}), [])

    def test_number_never_sent_is_wrong(self) -> None:
        self.assertEqual(self._kinds(_history(2), _node(3)), [WRONG])

    def test_open_write_that_nobody_called_unknown_is_wrong(self) -> None:
        history = _history(2)
        history.sent("k")
        self.assertEqual(self._kinds(history, _node(3)), [WRONG])

    def test_value_of_another_key_is_wrong(self) -> None:
        self.assertEqual(self._kinds(_history(2), {"k": make_value("other", 2)}), [WRONG])

    def test_cut_value_is_wrong(self) -> None:
        self.assertEqual(self._kinds(_history(2), {"k": make_value("k", 2)[:-1]}), [WRONG])

    def test_only_the_lost_key_is_named(self) -> None:
        history = _history(3)
        history.acknowledged("kept", history.sent("kept"))
        values = {"kept": make_value("kept", 1)}
        self.assertEqual([finding.key for finding in history.judge_final(values)], ["k"])


class ReadTest(unittest.TestCase):
    def test_older_than_acknowledged_before_the_read_is_stale(self) -> None:
        self.assertEqual(_history(5).judge_read("k", make_value("k", 4), 5), STALE)

    def test_write_acknowledged_during_the_read_is_not_held_against_it(self) -> None:
        self.assertEqual(_history(5).judge_read("k", make_value("k", 4), 4), FRESH)

    def test_newer_than_acknowledged_is_fresh(self) -> None:
        history = _history(4, unknown=1)
        self.assertEqual(history.judge_read("k", make_value("k", 5), 4), FRESH)

    def test_miss_counts_only_after_an_acknowledgement(self) -> None:
        self.assertEqual(_history(1).judge_read("k", None, 1), MISS)
        self.assertEqual(_history(1).judge_read("k", None, 0), FRESH)

    def test_number_never_sent_is_wrong(self) -> None:
        self.assertEqual(_history(1).judge_read("k", make_value("k", 2), 1), WRONG)


class ValueTest(unittest.TestCase):
    def test_number_comes_back(self) -> None:
        self.assertEqual(value_number("k", make_value("k", 1234)), 1234)

    def test_leading_zero_or_sign_is_not_ours(self) -> None:
        for head in (b"01", b"+1", b"-1", b""):
            value = head + make_value("k", 1)[1:]
            self.assertIsNone(value_number("k", value))


class CountTest(unittest.TestCase):
    def test_counts_acknowledged_and_unknown_apart(self) -> None:
        history = _history(3, unknown=2)
        self.assertEqual((history.acknowledged_writes, history.unknown_writes), (3, 2))

    def test_acknowledging_twice_is_a_bug_of_the_harness(self) -> None:
        history = _history(1)
        with self.assertRaises(AssertionError):
            history.acknowledged("k", 1)


if __name__ == "__main__":
    unittest.main()
