"""The guard reads callgrind's files, takes out what time costs, and tells more from less."""

import unittest

from tests.bench.guard import callgrind, guard_cases, guard_judge
from tests.bench.guard.callgrind import Count
from tests.bench.servers import BenchError

FILE = """# callgrind format
version: 1
events: Ir

ob=(1) /usr/bin/twincached
fl=(1) a.cc
fn=(1) main
0 100
cob=(2) /lib/libc.so.6
cfi=(2) ???
cfn=(2) malloc
calls=3 0
0 5000
+3 20
cfn=(4) twincached::replication::RoleMachine::Step(Event const&)
calls=7 0
0 70
fn=(2)
ob=(2)
fl=(2)
fn=(2) malloc
0 5000

ob=(1)
fn=(3) rest
* 1
cfn=(4)
calls=2 0
* 20

totals: 5121
"""


class ReadCountTest(unittest.TestCase):

    def test_sums_own_cost_by_object_file(self):
        found = callgrind.read_count(FILE.splitlines(keepends=True))
        self.assertEqual(found.instructions, {"twincached": 121, "libc.so.6": 5000})

    def test_counts_what_is_done_by_the_clock(self):
        found = callgrind.read_count(FILE.splitlines(keepends=True))
        self.assertEqual(found.clock_events, 9)


class PerOperationTest(unittest.TestCase):

    def test_start_cancels_out(self):
        few = Count({"a": 1000, "b": 70}, 1)
        found = guard_cases.per_operation(few, Count({"a": 3000, "b": 70}, 9), few, 100)
        self.assertEqual(found, {"a": 20.0})

    def test_what_is_done_by_the_clock_is_taken_out(self):
        few, idle = Count({"a": 1000}, 1), Count({"a": 1800}, 5)  # 200 an event
        for events, instructions in ((2, 3200), (11, 5000)):
            more = Count({"a": instructions}, events)
            self.assertEqual(guard_cases.per_operation(few, more, idle, 100), {"a": 20.0})

    def test_a_clock_that_stands_still_is_an_error(self):
        few = Count({"a": 1000}, 1)
        with self.assertRaises(BenchError):
            guard_cases.per_operation(few, few, Count({"a": 1000}, 1), 100)


class JudgeTest(unittest.TestCase):

    def judge(self, old, new):
        holds, lines = guard_judge.judge(old, new)
        return holds, "\n".join(lines)

    def test_same_and_within_tolerance(self):
        holds, text = self.judge({"get": 10000}, {"get": 10500})
        self.assertTrue(holds)
        self.assertIn("ok        get: 10,000 -> 10,500 instructions (+5.0 %)", text)
        self.assertNotIn("--update", text)

    def test_more_fails_and_says_how_to_update(self):
        holds, text = self.judge({"get": 10000, "set": 5}, {"get": 10501, "set": 5})
        self.assertFalse(holds)
        self.assertIn("FAILED, more than before get: 10,000 -> 10,501 instructions (+5.0 %)", text)
        self.assertIn(guard_judge.UPDATE_COMMAND, text)

    def test_better_holds_and_is_said(self):
        holds, text = self.judge({"get": 10000}, {"get": 9000})
        self.assertTrue(holds)
        self.assertIn("BETTER", text)
        self.assertIn(guard_judge.UPDATE_COMMAND, text)

    def test_a_figure_on_one_side_only_fails(self):
        self.assertFalse(self.judge({"get": 1}, {})[0])
        self.assertFalse(self.judge({}, {"get": 1})[0])

    def test_spreads(self):
        self.assertEqual(guard_judge.spreads([{"get": 100}, {"get": 101}]),
                         ["  get: 100 to 101 (1.00 %)"])


if __name__ == "__main__":
    unittest.main()
