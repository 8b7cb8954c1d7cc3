"""Tests of summary.py: best and worst, ratios, the table and the verdict."""

import unittest

from tests.bench import summary

MIXED, _, _, SETS = summary.WORKLOADS


def report(cpu_us, peer_cpu_us=None, busy=1.0, throughput=1000.0, p50=10.0, misses=0):
    servers = [{"cpu_us": cpu_us, "busy": busy}]
    if peer_cpu_us is not None:
        servers.append({"cpu_us": peer_cpu_us, "busy": 0.5})
    latency = {"p50_us": p50, "p99_us": 2 * p50}
    return {"servers": servers, "requests_per_second": throughput, "all": latency, "set": latency,
            "misses": misses}


def line(workload, contender, *cpus):
    return summary.summarise(workload, contender, [report(cpu) for cpu in cpus])


class SummariseTest(unittest.TestCase):

    def test_takes_best_worst_and_medians(self):
        found = summary.summarise(MIXED, "solo", [
            report(6.0, throughput=10.0, p50=1.0, busy=0.8), report(5.0, throughput=30.0, p50=9.0),
            report(9.0, throughput=20.0, p50=2.0, misses=3)])
        self.assertEqual((found.cpu_best, found.cpu_worst), (5.0, 9.0))
        self.assertEqual(found.throughput_best, 30.0)
        self.assertEqual((found.p50_us, found.p99_us, found.busy), (2.0, 4.0, 1.0))
        self.assertEqual(found.misses, 3)
        self.assertIsNone(found.peer_cpu_best)

    def test_keeps_the_slave_apart(self):
        found = summary.summarise(SETS, "pair", [report(3.0, 2.0), report(4.0, 1.0)])
        self.assertEqual((found.cpu_best, found.peer_cpu_best), (3.0, 1.0))


class VerdictTest(unittest.TestCase):

    def lines(self, mixed, sets):
        return [line(MIXED, "memcached", 10.0, 12.0), line(MIXED, "solo", mixed, 20.0),
                line(SETS, "memcached", 2.0, 3.0), line(SETS, "solo", sets, 5.0)]

    def met(self, lines):
        return [met for met, _ in summary.verdicts(lines, "solo", "memcached")]

    def test_compares_bests(self):
        self.assertEqual(self.met(self.lines(9.5, 1.2)), [True, True])
        self.assertEqual(self.met(self.lines(9.6, 1.2)), [False, True])
        self.assertEqual(self.met(self.lines(9.5, 1.21)), [True, False])

    def test_a_figure_that_was_not_measured_is_not_met(self):
        self.assertEqual(self.met(self.lines(1.0, 1.0)[:2]), [True, False])
        self.assertEqual(self.met([]), [False, False])

    def test_there_is_no_verdict_without_saturation(self):
        for idle in ("memcached", "solo"):
            lines = [summary.summarise(SETS, name, [report(1.0, busy=0.7 if name == idle else 1.0)])
                     for name in ("memcached", "solo")]
            lines += [line(MIXED, "memcached", 10.0), line(MIXED, "solo", 9.0)]
            self.assertEqual(self.met(lines), [True, False], idle)


class TableTest(unittest.TestCase):

    def test_shows_the_ratio_to_the_named_peer_under_the_same_workload(self):
        text = summary.table([line(MIXED, "memcached", 10.0), line(SETS, "memcached", 2.0),
                              line(SETS, "solo", 1.0)], "memcached")
        self.assertIn("| all set, pipeline 16 | solo | 1,000 | 1.00 (1.00) | 0.50x |", text)
        self.assertEqual(len({row.count("|") for row in text.split("\n")}), 1)

    def test_has_a_column_for_the_slave_when_there_is_one(self):
        pair = summary.summarise(SETS, "pair", [report(3.0, 2.0)])
        text = summary.table([line(SETS, "memcached", 2.0), pair], "memcached")
        self.assertIn("slave CPU us", text)
        self.assertTrue(text.endswith("| 2.00 |"))
        self.assertEqual(len({row.count("|") for row in text.split("\n")}), 1)


class WarningsTest(unittest.TestCase):

    def test_names_idle_servers_and_misses(self):
        idle = summary.summarise(MIXED, "solo", [report(1.0, busy=0.5)])
        missing = summary.summarise(MIXED, "memcached", [report(1.0, misses=7)])
        found = summary.warnings([idle, missing, line(SETS, "solo", 1.0)])
        self.assertEqual(len(found), 2)
        self.assertIn("solo: the server was busy only 50 %", found[0])
        self.assertIn("memcached: 7 gets missed", found[1])


if __name__ == "__main__":
    unittest.main()
