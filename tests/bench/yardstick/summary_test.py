"""Tests of summary.py, kinds.py and paced.py: best and worst, ratios, the tables."""

import unittest

from tests.bench.yardstick import kinds, paced, summary
from tests.bench.yardstick.kinds import Kind

MIXED, _, _, SETS = summary.WORKLOADS
MEMCACHED, SOLO, PAIR = Kind("memcached"), Kind("solo", "epoll"), Kind("pair, ack=pair", "epoll")


def report(cpu_us, peer_cpu_us=None, busy=1.0, throughput=1000.0, p50=10.0, misses=0):
    servers = [{"cpu_us": cpu_us, "busy": busy, "resident_bytes": 3 << 20}]
    if peer_cpu_us is not None:
        servers.append({"cpu_us": peer_cpu_us, "busy": 0.5, "resident_bytes": 9 << 20})
    latency = {"p50_us": p50, "p99_us": 2 * p50, "p999_us": 3 * p50}
    return {"servers": servers, "requests_per_second": throughput, "all": latency, "set": latency,
            "get": latency, "misses": misses, "load_busy": 0.5}


def line(workload, kind, *cpus):
    return summary.summarise(workload, kind, [report(cpu) for cpu in cpus], 2)


class KindsTest(unittest.TestCase):

    def test_all_that_is_started(self):
        wanted = kinds.Wanted(("io_uring", "epoll"), (1, 2), pair=True)
        self.assertEqual([kind.name for kind in kinds.kinds(wanted)], [
            "memcached", "floor, io_uring", "floor, epoll", "solo, io_uring", "solo, epoll",
            "pair, ack=pair, io_uring", "pair, ack=local, io_uring", "memcached, -t 2",
            "floor, io_uring, 2 processes", "solo, io_uring, -t 2", "solo, epoll, -t 2"])

    def test_least(self):
        self.assertEqual(kinds.kinds(kinds.Wanted(("epoll",), floor=False)), [MEMCACHED, SOLO])


class SummariseTest(unittest.TestCase):

    def test_takes_best_worst_and_medians(self):
        found = summary.summarise(MIXED, SOLO, [
            report(6.0, throughput=10.0, p50=1.0, busy=0.8), report(5.0, throughput=30.0, p50=9.0),
            report(9.0, throughput=20.0, p50=2.0, misses=3)], 2)
        self.assertEqual((found.cpu_best, found.cpu_worst), (5.0, 9.0))
        self.assertEqual((found.throughput_best, found.resident_mib), (30.0, 3.0))
        self.assertEqual((found.p50_us, found.p99_us, found.p999_us), (2.0, 4.0, 6.0))
        self.assertEqual((found.busy, found.misses), (1.0, 3))
        self.assertIsNone(found.peer_cpu_best)

    def test_keeps_the_slave_apart(self):
        found = summary.summarise(SETS, PAIR, [report(3.0, 2.0), report(4.0, 1.0)], 2)
        self.assertEqual((found.cpu_best, found.peer_cpu_best), (3.0, 1.0))


    def test_adds_up_what_equals_used(self):
        found = summary.as_one_server(report(3.0, 2.0))
        self.assertEqual(found["servers"],
                         [{"cpu_us": 5.0, "busy": 1.5, "resident_bytes": 12 << 20}])
        self.assertEqual(found["requests_per_second"], 1000.0)


class BusyTest(unittest.TestCase):

    def test_a_single_server_needs_its_core(self):
        self.assertEqual(summary.busy_share(report(1.0, busy=0.6), 1, 2), 0.6)

    def test_a_master_may_want_for_cores_instead(self):
        self.assertEqual(summary.busy_share(report(1.0, 1.0, busy=0.8), 1, 2), 0.9)
        self.assertEqual(summary.busy_share(report(1.0, 1.0, busy=0.8), 1, 8), 0.8)

    def test_threads_count_as_far_as_there_are_cores_beside_the_load(self):
        self.assertEqual(summary.busy_share(report(1.0, busy=1.1), 2, 2), 1.1)
        self.assertEqual(summary.busy_share(report(1.0, busy=1.0), 2, 8), 0.5)
        self.assertEqual(summary.busy_share(report(1.0, busy=0.9), 1, 1), 0.9)


class TableTest(unittest.TestCase):

    def columns(self, text):
        return {row.count("|") for row in text.split("\n")}

    def test_shows_the_ratio_to_memcached_with_as_many_threads(self):
        two = Kind("memcached", threads=2)
        text = summary.table([
            line(MIXED, MEMCACHED, 10.0), line(SETS, MEMCACHED, 2.0), line(SETS, SOLO, 1.0),
            line(SETS, two, 4.0), line(SETS, Kind("solo", "epoll", 2), 1.0)], "perf stat")
        self.assertIn("| all set, pipeline 16 | solo, epoll | 1,000 | 1.00 (1.00) | 0.50x |", text)
        self.assertIn("| solo, epoll, -t 2 | 1,000 | 1.00 (1.00) | 0.25x |", text)
        self.assertIn("system calls/request (perf stat)", text)
        self.assertEqual(len(self.columns(text)), 1)

    def test_has_a_column_for_the_slave_when_there_is_one(self):
        pair = summary.summarise(SETS, PAIR, [report(3.0, 2.0)], 2)
        text = summary.table([line(SETS, MEMCACHED, 2.0), pair], "")
        self.assertIn("slave CPU us", text)
        self.assertTrue(text.endswith("| 2.00 |"))
        self.assertEqual(len(self.columns(text)), 1)

    def test_paced(self):
        found = paced.summarise(PAIR, [report(1.0, p50=p50) for p50 in (30.0, 50.0, 40.0)])
        self.assertEqual((found.runs, found.p50_us["set"], found.p99_us["get"]), (3, 40.0, 80.0))
        text = paced.table([found])
        self.assertIn("| pair, ack=pair, epoll | 3 | 1,000 | 40 | 40 | 80 | 80 |", text)
        self.assertEqual(len(self.columns(text)), 1)


class WarningsTest(unittest.TestCase):

    def test_names_idle_servers_and_misses(self):
        idle = summary.summarise(MIXED, SOLO, [report(1.0, busy=0.5)], 2)
        missing = summary.summarise(MIXED, MEMCACHED, [report(1.0, misses=7)], 2)
        found = summary.warnings([idle, missing, line(SETS, SOLO, 1.0)])
        self.assertEqual(len(found), 2)
        self.assertIn("solo, epoll: the server was busy only 50 %", found[0])
        self.assertIn("memcached: 7 gets missed", found[1])


if __name__ == "__main__":
    unittest.main()
