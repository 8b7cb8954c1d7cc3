"""Every canary is caught: the simulator would notice if a rule of the pair were broken.

Runs under --config=canary only (TWINCACHED_CANARY). A canary that no seed up to its bound catches
fails the test; so does a violation without one, which would make the others mean nothing.
"""

import os
import subprocess
import sys
import time
import unittest
from typing import Dict

# Seeds that are tried: README.md, Canaries, tells which one catches what.
SEEDS = 2000
SEEDS_OF_SCENARIO = 100
CLEAN_SEEDS = 40
# What a random plan meets too seldom to count on it has a scenario.
SCENARIO_OF = {
    "joiner_promoted": "master_killed_in_resync.txt",
    "outdated_unheard": "master_killed_after_outdated.txt",
    "reads_unechoed": "solo_master_killed_slave_sleeps.txt",
    "tail_kept": "solo_master_killed_slave_sleeps.txt",
}


def run(binary, canary, *arguments):
    return subprocess.run([binary, "--canary", canary, *arguments], capture_output=True, text=True,
                          check=False)


class CanaryTest(unittest.TestCase):
    binary = ""
    scenarios: Dict[str, str] = {}  # path by name

    def arguments_for(self, canary):
        scenario = SCENARIO_OF.get(canary)
        if scenario is None:
            return ["--seeds", f"1..{SEEDS}"]
        return ["--scenario", self.scenarios[scenario], "--seeds", f"1..{SEEDS_OF_SCENARIO}"]

    def test_nothing_breaks_without_a_canary(self):
        result = run(self.binary, "none", "--seeds", f"1..{CLEAN_SEEDS}")
        self.assertEqual(result.returncode, 0, result.stdout)

    def test_every_canary_is_caught(self):
        names = subprocess.run([self.binary, "--canary", "list"], capture_output=True, text=True,
                               check=True).stdout.split()
        self.assertGreater(len(names), 10)
        self.assertLessEqual(SCENARIO_OF.keys(), set(names))
        for name in names[1:]:  # the first is none
            with self.subTest(canary=name):
                begin = time.monotonic()
                result = run(self.binary, name, *self.arguments_for(name))
                print(f"{name}: {time.monotonic() - begin:.1f} s")
                print(result.stdout)
                self.assertEqual(result.returncode, 1, f"{name} lived through all seeds")
                self.assertIn("BROKEN:", result.stdout)


if __name__ == "__main__":
    CanaryTest.binary, *paths = sys.argv[1:]
    CanaryTest.scenarios = {os.path.basename(path): path for path in paths}
    unittest.main(argv=sys.argv[:1])
