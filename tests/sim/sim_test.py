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
SEEDS_PER_SCENARIO, SEEDS_PER_SCENARIO_FULL = 3, 20
MINUTES = 8


def run(binary, *flags):
    return subprocess.run([binary, *flags], capture_output=True, text=True, check=False)


class SimTest(unittest.TestCase):
    binary = ""
    scenarios = ()
    failovers = FAILOVERS
    seeds_compared = SEEDS_COMPARED
    seeds_per_scenario = SEEDS_PER_SCENARIO

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
        self.assertGreaterEqual(len(self.scenarios), 60)
        for path in self.scenarios:
            with self.subTest(scenario=path):
                result = run(self.binary, "--scenario", path, "--seeds",
                             f"1..{self.seeds_per_scenario}")
                self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def run_lines(self, *lines):
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write("\n".join(lines))
            file.flush()
            return run(self.binary, "--scenario", file.name)

    def test_a_scenario_that_expects_what_is_not_so_fails(self):
        start = ("at 1 start a", "at 400 start b")
        for line, sentence in (
                ("at 900 expect b MASTER", "it is SLAVE"),
                ("at 900 expect a none", "it is MASTER"),
                ("at 900 promoted 1", "it is 0"),
                ("at 900 forked 1", "it is 0"),
                ("at 900 wiped 1", "it is 0")):
            with self.subTest(line=line):
                result = self.run_lines(*start, line)
                self.assertEqual(result.returncode, 1, result.stdout)
                self.assertIn(f"BROKEN: {line}: {sentence}\n", result.stdout)
        result = self.run_lines("at 1 start a", "at 900 expect slave SLAVE")
        self.assertIn("BROKEN: at 900 expect slave SLAVE: it is none\n", result.stdout)

    def test_settings_make_the_machines(self):
        result = self.run_lines("with same_host", "with threads b 2", "with no_peer a",
                                "with solo_writes refuse  # a comment", "", "at 1 start a")
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertTrue(
            result.stdout.startswith("one host; threads 1 and 2, one -x, solo writes refused\n"),
            result.stdout)

    def test_a_bad_line_is_named(self):
        for line, sentence in (
                ("kill a", "an action is: at MS VERB ..."),
                ("at 5 shoot a", "no verb shoot"),
                ("at 5 kill a", "kill takes 2 words, not 1"),
                ("at 5 kill a now", "not a number: now"),
                ("at 5 kill c 0", "no node c"),
                ("at 5 cut a c", "no node c"),
                ("at 5 start slave", "what does not run has no role: start a or b"),
                ("at 5 expect a IDLE", "no state IDLE"),
                ("at 3 heal", "it is 4 ms already"),
                ("with same_host", "settings stand before actions")):
            with self.subTest(line=line):
                result = self.run_lines("# a comment", "at 4 heal", line)
                self.assertEqual(result.returncode, 2, result.stdout)
                self.assertIn(f": line 3: {sentence}: {line}\n", result.stderr)
        for line, sentence in (
                ("with", "a setting is: with NAME ..."),
                ("with luck", "no setting luck"),
                ("with threads c 2", "threads takes a or b"),
                ("with threads a", "threads takes a number from 1 to 4"),
                ("with threads a 5", "threads takes a number from 1 to 4"),
                ("with ttl soon", "ttl takes a number from 1 to 1000"),
                ("with solo_writes", "solo_writes takes only refuse"),
                ("with same_host twice", "too many words for same_host")):
            with self.subTest(line=line):
                result = self.run_lines(line, "at 4 heal")
                self.assertEqual(result.returncode, 2, result.stdout)
                self.assertIn(f": line 1: {sentence}: {line}\n", result.stderr)

    def test_bad_flags(self):
        self.assertEqual(run(self.binary, "--seeds", "5..1").returncode, 2)
        self.assertEqual(run(self.binary, "--scenario", "/nowhere").returncode, 2)


if __name__ == "__main__":
    if sys.argv[-1] == "--full":
        sys.argv.pop()
        SimTest.failovers, SimTest.seeds_compared = FAILOVERS_FULL, SEEDS_COMPARED_FULL
        SimTest.seeds_per_scenario = SEEDS_PER_SCENARIO_FULL
    SimTest.binary, *SimTest.scenarios = sys.argv[1:]
    del sys.argv[1:]
    unittest.main()
