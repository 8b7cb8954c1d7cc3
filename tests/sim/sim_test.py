"""The simulator in CI: failovers without a broken promise, the same story from the same seed.

    sim_test.py BINARY SCENARIO... [--full]

Without optimization a failover takes ten times as long: --full is .ci/run's optimized stage.
"""

import re
import subprocess
import sys
import tempfile
import unittest

FAILOVERS, FAILOVERS_FULL = 600, 20000
SEEDS_COMPARED, SEEDS_COMPARED_FULL = 20, 100
MINUTES = 8


def run(binary, *flags):
    return subprocess.run([binary, *flags], capture_output=True, text=True, check=False)


class SimTest(unittest.TestCase):
    binary = ""
    scenarios = ()
    failovers = FAILOVERS
    seeds_compared = SEEDS_COMPARED

    def test_failovers_break_nothing(self):
        result = run(self.binary, "--seeds", "1..1000000", "--failovers", str(self.failovers),
                     "--minutes", str(MINUTES))
        print(result.stdout)
        self.assertEqual(result.returncode, 0, result.stderr)
        summary = re.search(r"(\d+) failovers", result.stdout.splitlines()[-1])
        self.assertGreaterEqual(int(summary.group(1)), self.failovers,
                                f"in {MINUTES} minutes: is the machine this slow?")

    def test_a_seed_tells_the_same_story_in_every_process(self):
        flags = ("--seeds", f"1..{self.seeds_compared}", "--hashes")
        stories = []
        for _ in range(2):
            lines = run(self.binary, *flags).stdout.splitlines()
            stories.append(sorted(line for line in lines if line.startswith("seed ")))
        self.assertEqual(len(stories[0]), self.seeds_compared)
        self.assertEqual(stories[0], stories[1])

    def test_scenarios(self):
        self.assertGreaterEqual(len(self.scenarios), 5)
        for path in self.scenarios:
            with self.subTest(scenario=path):
                result = run(self.binary, "--scenario", path)
                self.assertEqual(result.returncode, 0, result.stdout)

    def test_a_scenario_that_expects_what_is_not_so_fails(self):
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write("at 1 start a\nat 400 start b\nat 900 expect b MASTER\n")
            file.flush()
            result = run(self.binary, "--scenario", file.name)
        self.assertEqual(result.returncode, 1, result.stdout)
        self.assertIn("BROKEN: at 900 expect b MASTER: it is SLAVE", result.stdout)

    def test_bad_flags(self):
        self.assertEqual(run(self.binary, "--seeds", "5..1").returncode, 2)
        self.assertEqual(run(self.binary, "--scenario", "/nowhere").returncode, 2)


if __name__ == "__main__":
    if sys.argv[-1] == "--full":
        sys.argv.pop()
        SimTest.failovers, SimTest.seeds_compared = FAILOVERS_FULL, SEEDS_COMPARED_FULL
    SimTest.binary, *SimTest.scenarios = sys.argv[1:]
    del sys.argv[1:]
    unittest.main()
