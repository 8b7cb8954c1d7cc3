"""Expectations that are met pass; each one that is not is named."""

import unittest
from typing import Any, List, Optional

from deploy.drill.findings import KINDS, LOST
from deploy.drill.outcome import FaultTimes, Outcome
from deploy.drill.scenario import Expectations
from deploy.drill.verdict import judge, judge_series

_ROLES = {"a": "dead", "b": "MASTER"}
_EXPECT = Expectations(roles=_ROLES, promotions=1, alone=1, snapshots=0, exits={"a": 0},
                       gap_ms={"p50": 100, "p99": 120, "max": 150}, resume_ms=500)


def _outcome(gap_ms: Optional[float] = 50.0, **changed: Any) -> Outcome:
    values = dict(acknowledged=1000, roles=_ROLES, promotions=1, alone=1,
                  exits={"a": [0], "b": []},
                  faults=[FaultTimes("kill -9 a", "b", 20.0, gap_ms, gap_ms, 300.0, 400.0)])
    values.update(changed)
    return Outcome("x", **values)


class JudgeTest(unittest.TestCase):
    def _failed(self, **changed: Any) -> List[str]:
        return [failure.split(" ")[0] for failure in judge(_EXPECT, _outcome(**changed))]

    def test_all_met(self) -> None:
        self.assertEqual(self._failed(), [])

    def test_each_count(self) -> None:
        for what in KINDS:
            self.assertEqual(self._failed(found={what: 1}), [what + ":"])
        for what, found in (("promotions", 2), ("alone", 0), ("snapshots", 1)):
            self.assertEqual(self._failed(**{what: found}), [what + ":"])

    def test_what_is_not_expected_is_not_judged(self) -> None:
        outcome = _outcome(promotions=7, alone=8, snapshots=9)
        self.assertEqual(judge(Expectations(roles=_ROLES), outcome), [])

    def test_roles_and_exits(self) -> None:
        self.assertEqual(self._failed(roles={"a": "MASTER", "b": "MASTER"}), ["final"])
        self.assertEqual(self._failed(exits={"a": [-6], "b": []}), ["a"])

    def test_gap_too_long_or_without_end(self) -> None:
        self.assertEqual(self._failed(gap_ms=150.1), ["after"])
        self.assertEqual(self._failed(gap_ms=None), ["after"])

    def test_clients_that_stood_still_are_told_with_the_gap(self) -> None:
        self.assertEqual(self._failed(gap_ms=151.0, client_stall_ms=140.0), ["after", "the"])
        self.assertEqual(self._failed(gap_ms=149.0, client_stall_ms=140.0), [])

    def test_never_paired_again(self) -> None:
        fault = FaultTimes("freeze a", "b", 20.0, 50.0, 50.0, 300.0, None)
        failures = judge(_EXPECT, _outcome(faults=[fault]))
        self.assertEqual(failures, ["after freeze a: resume_ms: the nodes were not paired again"])

    def test_a_drill_without_a_single_write_proves_nothing(self) -> None:
        self.assertEqual(self._failed(acknowledged=0), ["no"])

    def test_evictions_are_named_as_the_reason_of_a_loss(self) -> None:
        failures = judge(_EXPECT, _outcome(found={LOST: 3}, evictions={"a": 0, "b": 9}))
        self.assertIn("evicted 9", failures[0])


class JudgeSeriesTest(unittest.TestCase):
    def test_median_over_the_runs(self) -> None:
        good = [_outcome(gap_ms=gap) for gap in (40.0, 90.0, 149.0)]
        bad = [_outcome(gap_ms=gap) for gap in (40.0, 110.0, 149.0)]
        self.assertEqual(judge_series(_EXPECT, good), [])
        self.assertEqual(len(judge_series(_EXPECT, bad)), 1)

    def test_p99_of_a_hundred_runs(self) -> None:
        good = [_outcome(gap_ms=50.0)] * 99 + [_outcome(gap_ms=149.0)]
        bad = [_outcome(gap_ms=50.0)] * 98 + [_outcome(gap_ms=121.0), _outcome(gap_ms=149.0)]
        self.assertEqual(judge_series(_EXPECT, good), [])
        self.assertEqual(judge_series(_EXPECT, bad),
                         ["p99 of 100: gap_ms is 121, expected at most 120"])

    def test_p99_of_fewer_is_not_judged(self) -> None:
        self.assertEqual(judge_series(_EXPECT, [_outcome(gap_ms=50.0), _outcome(gap_ms=50.0),
                                                _outcome(gap_ms=149.0)]), [])

    def test_two_runs_have_no_median_worth_judging(self) -> None:
        self.assertEqual(judge_series(_EXPECT, [_outcome(gap_ms=149.0)] * 2), [])


if __name__ == "__main__":
    unittest.main()
