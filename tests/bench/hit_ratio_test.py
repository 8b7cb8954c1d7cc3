"""Tests of the pure parts of the hit ratio comparison, and of its flags."""

import unittest

from tests.bench import hit_ratio
from tests.bench import hit_ratio_summary as summary
from tests.bench.servers import BenchError

MIB = summary.MIB
PLAIN = summary.Trace("plain", 8)


def row(memcached: float, twincached: float, trace: str = "plain") -> summary.Row:
    return summary.Row(trace, 16, 64 * MIB, {"memcached": memcached, "twincached": twincached})


class MemorySizesTest(unittest.TestCase):

    def test_sizes_are_percentages_of_the_working_set(self):
        self.assertEqual(summary.memory_sizes_mb(PLAIN, 1000 * MIB, [1, 10, 30]), [10, 100, 300])

    def test_no_size_is_below_the_traces_least(self):
        self.assertEqual(summary.memory_sizes_mb(PLAIN, 100 * MIB, [1, 10, 30]), [8, 10, 30])

    def test_sizes_that_become_equal_are_one(self):
        self.assertEqual(summary.memory_sizes_mb(PLAIN, 10 * MIB, [1, 10, 30, 100]), [8, 10])


class TableTest(unittest.TestCase):

    def test_shows_percent_and_points(self):
        text = summary.table([row(0.5, 0.4875)], ["memcached", "twincached"], "memcached")
        self.assertEqual(text.split("\n")[2],
                         "| plain | 16 | 25.0 % | 50.00 % | 48.75 % | -1.25 |")
        self.assertEqual({line.count("|") for line in text.split("\n")}, {7})

    def test_a_difference_too_small_to_show_is_zero(self):
        self.assertEqual(row(0.500001, 0.5).points("twincached", "memcached"), 0)
        self.assertIn("+0.00", summary.table([row(0.500001, 0.5)], ["memcached", "twincached"],
                                             "memcached"))


class VerdictsTest(unittest.TestCase):

    def met(self, rows):
        return [met for met, _ in summary.verdicts(rows, "twincached", "memcached")]

    def test_three_rows_two_points_better_and_none_below_is_met(self):
        self.assertEqual(self.met([row(0.5, 0.52)] * 3 + [row(0.5, 0.5)]), [True, True])

    def test_two_rows_are_too_few(self):
        self.assertEqual(self.met([row(0.5, 0.52)] * 2 + [row(0.5, 0.5199)]), [True, False])

    def test_one_row_below_is_too_many_and_named(self):
        rows = [row(0.5, 0.6)] * 3 + [row(0.5, 0.4999, "scan")]
        self.assertEqual(self.met(rows), [False, True])
        self.assertIn("scan at 16 MiB", summary.verdicts(rows, "twincached", "memcached")[0][1])

    def test_nothing_measured_is_not_met(self):
        self.assertEqual(self.met([]), [False, False])


class FlagsTest(unittest.TestCase):

    def test_a_half_is_the_warm_up_unless_told(self):
        self.assertEqual(hit_ratio.parse_flags(["--requests", "100"]).warm_up, 50)
        self.assertEqual(hit_ratio.parse_flags(["--requests", "9", "--warm-up", "0"]).warm_up, 0)

    def test_the_defaults_are_every_trace_and_size(self):
        flags = hit_ratio.parse_flags([])
        self.assertEqual(hit_ratio.chosen_traces(flags.traces), list(summary.TRACES))
        self.assertEqual(hit_ratio.chosen_percents(flags.sizes), [1, 10, 30])

    def test_what_cannot_be_meant_is_refused(self):
        for sizes in ("", "0", "1,x", "-1", "nan"):
            with self.assertRaises(BenchError, msg=sizes):
                hit_ratio.chosen_percents(sizes)
        with self.assertRaises(BenchError):
            hit_ratio.chosen_traces("zipf")


if __name__ == "__main__":
    unittest.main()
