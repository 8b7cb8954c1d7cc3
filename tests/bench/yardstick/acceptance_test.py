"""Tests of acceptance.py: what is met, what is not, and where there is no verdict."""

import unittest
from dataclasses import replace

from tests.bench.yardstick import acceptance
from tests.bench.yardstick.kinds import Kind
from tests.bench.yardstick.paced import Paced
from tests.bench.yardstick.summary import WORKLOADS, Line

MEMCACHED = Kind("memcached")
EPOLL, URING = Kind("solo", "epoll"), Kind("solo", "io_uring")
PAIR = Kind("pair, ack=pair", "epoll")


def line(workload, kind, cpu, throughput=1000.0, calls=None):
    return Line(workload, kind, throughput, cpu, 2 * cpu, 1.0, None, 10.0, 20.0, 30.0, 1.0, 0,
                calls)


def everywhere(kind, cpu, **values):
    return [line(workload, kind, cpu, **values) for workload in WORKLOADS]


def measured(*lines, paced=(), pollers=("epoll",)):
    return acceptance.Measured([found for some in lines for found in some], paced, pollers)


def states(found, words):
    """The states of the figures whose sentences have all these words."""
    return [verdict.state for verdict in acceptance.verdicts(found)
            if all(word in verdict.sentence() for word in words)]


class CpuTest(unittest.TestCase):

    def test_compares_bests(self):
        for cpu, mixed, sets16 in ((0.40, "met", "met"), (0.9, "met", "NOT MET"),
                                   (0.93, "NOT MET", "NOT MET")):
            found = measured(everywhere(MEMCACHED, 1.0), everywhere(EPOLL, cpu))
            self.assertEqual(states(found, ["CPU", "9:1, pipeline 1:", "of memcached:", "0.92"]),
                             [mixed])
            self.assertEqual(states(found, ["all set, pipeline 16", "of memcached:", "0.40 ("]),
                             [sets16])

    def test_a_build_with_one_poller_is_not_judged_by_the_other(self):
        found = measured(everywhere(MEMCACHED, 1.0), everywhere(EPOLL, 0.3),
                         everywhere(Kind("floor", "io_uring"), 0.3))
        missing = [verdict for verdict in acceptance.verdicts(found)
                   if verdict.reason == acceptance.ONE_POLLER]
        # Four beside the floor, four of two threads beside two floors, two of system calls.
        self.assertEqual(len(missing), 10)
        self.assertIn(": this build has one poller", missing[0].sentence())
        self.assertTrue(acceptance.passes(acceptance.verdicts(found)))

    def test_both_pollers(self):
        found = measured(everywhere(MEMCACHED, 1.0), everywhere(URING, 0.39),
                         everywhere(EPOLL, 0.5), everywhere(Kind("floor", "io_uring"), 0.35),
                         pollers=("io_uring", "epoll"))
        self.assertEqual(states(found, ["solo, io_uring of memcached:"]), ["met"] * 3)
        self.assertEqual(states(found, ["solo, io_uring of floor"]), ["met"] * 4)
        self.assertEqual(states(found, ["solo, epoll of memcached:"]), ["met"] * 3)

    def test_there_is_no_verdict_without_saturation_and_that_fails(self):
        for idle in (MEMCACHED, EPOLL):
            lines = everywhere(MEMCACHED, 1.0) + everywhere(EPOLL, 0.3)
            lines = [replace(found, busy=0.7) if found.kind == idle else found for found in lines]
            found = measured(lines)
            self.assertEqual(states(found, ["solo, epoll of memcached:", "limit <= 0.92"]),
                             ["no verdict"])
            self.assertFalse(acceptance.passes(acceptance.verdicts(found)))

    def test_nothing_measured_passes_nothing(self):
        self.assertFalse(acceptance.passes(acceptance.verdicts(measured())))


class PairTest(unittest.TestCase):

    def test_cpu_of_the_master_and_throughput(self):
        found = measured(everywhere(MEMCACHED, 1.0), everywhere(PAIR, 1.05, throughput=899.0))
        self.assertEqual(states(found, ["master"]), ["NOT MET", "NOT MET", "met", "NOT MET"])
        self.assertEqual(states(found, ["requests/s"]), ["NOT MET", "NOT MET"])
        found = measured(everywhere(MEMCACHED, 1.0), everywhere(PAIR, 0.7, throughput=900.0))
        self.assertEqual(states(found, ["master"]) + states(found, ["requests/s"]), ["met"] * 6)

    def test_throughput_of_an_idle_server_means_nothing(self):
        idle = [replace(found, busy=0.1) for found in everywhere(PAIR, 0.7)]
        found = measured(everywhere(MEMCACHED, 1.0), idle)
        self.assertEqual(states(found, ["requests/s"]), ["no verdict"] * 2)

    def test_latency_at_a_fixed_rate(self):
        def at(kind, get, sets, rate=60000.0):
            return Paced(kind, 9, rate, {"get": get, "set": sets}, {"get": 99.0, "set": 99.0})

        found = measured(paced=[at(MEMCACHED, 20.0, 20.0), at(PAIR, 24.0, 45.0)])
        self.assertEqual(states(found, ["get p50"]), ["met"])
        self.assertEqual(states(found, ["set p50"]), ["NOT MET"])
        found = measured(paced=[at(MEMCACHED, 20.0, 20.0), at(PAIR, 24.0, 44.0, 50000.0)])
        self.assertEqual(states(found, ["p50"]), ["no verdict"] * 2)


class ThreadsTest(unittest.TestCase):

    def test_two_threads_keep_the_ratio(self):
        one = everywhere(MEMCACHED, 1.0) + everywhere(EPOLL, 0.5)
        for cpu, state in ((1.04, "met"), (1.06, "NOT MET")):
            found = measured(one, everywhere(Kind("memcached", threads=2), 2.0),
                             everywhere(Kind("solo", "epoll", 2), cpu))
            self.assertEqual(states(found, ["-t 2 of memcached, -t 2:"]), [state] * 4)


    def test_two_threads_of_two_floors(self):
        two = Kind("solo", "io_uring", 2)
        for cpu, states_wanted in ((1.1, ["met"] * 4), (1.3, ["NOT MET"] * 2 + ["met"] * 2)):
            found = measured(everywhere(two, cpu), everywhere(acceptance.TWO_FLOORS, 1.0),
                             pollers=("io_uring", "epoll"))
            self.assertEqual(states(found, ["-t 2 of floor, io_uring, 2 processes:"]),
                             states_wanted)

    def test_a_limit_that_no_server_can_meet_is_said_to_be_one(self):
        one = everywhere(MEMCACHED, 1.0) + everywhere(EPOLL, 0.5)
        two = everywhere(Kind("memcached", threads=2), 1.0) + everywhere(
            Kind("solo", "epoll", 2), 0.9)
        for floors, said in ((0.5, []), (0.6, ["NOT MET"] * 4)):
            found = measured(one, two, everywhere(acceptance.TWO_FLOORS, floors))
            self.assertEqual(states(found, ["below the floor of two processes, 0.60"]), said)


class SystemCallsTest(unittest.TestCase):

    def test_limit_and_memcached_beside(self):
        found = measured(everywhere(MEMCACHED, 1.0, calls=2.1), everywhere(EPOLL, 0.3, calls=2.3))
        self.assertEqual(states(found, ["system calls", "2.30, ", "(memcached 2.10)"]),
                         ["NOT MET"] * 2)
        found = measured(everywhere(MEMCACHED, 1.0), everywhere(EPOLL, 0.3))
        self.assertEqual(states(found, ["they were not counted"]), ["no verdict"] * 2)


if __name__ == "__main__":
    unittest.main()
