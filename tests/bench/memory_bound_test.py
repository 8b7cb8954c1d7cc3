"""Tests of memory_bound.py, the last with real servers for a few seconds."""

import random
import sys
import unittest

from tests.bench import memory_bound
from tests.bench.memory_bound import MIB, PHASES


class PhasesTest(unittest.TestCase):

    def test_every_phase_comes_three_times(self):
        seconds = 210.0
        phases = [memory_bound.phase_at(second, seconds) for second in range(210)]
        for phase in range(len(PHASES)):
            self.assertEqual(phases.count(phase), 30)
        changes = sum(a != b for a, b in zip(phases, phases[1:]))
        self.assertEqual(changes, 3 * len(PHASES) - 1)

    def test_sizes_stay_in_the_range_of_their_phase(self):
        draw = random.Random(1)
        for phase, (low, high) in enumerate(PHASES):
            sizes = [memory_bound.value_bytes(phase, draw) for _ in range(1000)]
            self.assertGreaterEqual(min(sizes), low)
            self.assertLessEqual(max(sizes), high)

    def test_a_batch_is_what_it_says(self):
        for request in memory_bound.make_batch(0, 100, random.Random(1)):
            line, value, rest = request.split(b"\r\n")
            self.assertEqual(int(line.split()[4]), len(value))
            self.assertEqual(rest, b"")


class VerdictTest(unittest.TestCase):

    def result(self, resident, refused=0):
        return {"resident_bytes_max": resident, "stored": 10, "refused": refused}

    def test_the_limit_is_a_part_of_the_memory_and_a_constant(self):
        limit = memory_bound.LIMIT * 100 * MIB + memory_bound.CONSTANT_MIB * MIB
        self.assertTrue(memory_bound.is_met(self.result(limit), 100))
        self.assertFalse(memory_bound.is_met(self.result(limit + 1), 100))
        self.assertFalse(memory_bound.is_met(self.result(MIB, refused=1), 100))


class RunTest(unittest.TestCase):
    binary = ""

    def test_stays_within_the_bound(self):
        flags = memory_bound.parse_flags(
            ["--minutes", "0.2", "--memory", "64", "--binary", self.binary, "--check"])
        self.assertEqual(memory_bound.run(flags), 0)


if __name__ == "__main__":
    RunTest.binary = sys.argv.pop(1)
    unittest.main()
