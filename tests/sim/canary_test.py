"""Every canary is caught: the simulator would notice if a rule of the pair were broken.

Runs under --config=canary only (TWINCACHED_CANARY). A canary that no seed up to its bound catches
fails the test; so does a violation without one, which would make the others mean nothing.
"""

import subprocess
import sys
import time
import unittest

# Seeds that are tried: README.md, Canaries, tells which one catches what.
SEEDS = 2000
CLEAN_SEEDS = 40


def run(binary, canary, seeds):
    return subprocess.run([binary, "--canary", canary, "--seeds", f"1..{seeds}"],
                          capture_output=True, text=True, check=False)


class CanaryTest(unittest.TestCase):
    binary = ""

    def test_nothing_breaks_without_a_canary(self):
        result = run(self.binary, "none", CLEAN_SEEDS)
        self.assertEqual(result.returncode, 0, result.stdout)

    def test_every_canary_is_caught(self):
        names = subprocess.run([self.binary, "--canary", "list"], capture_output=True, text=True,
                               check=True).stdout.split()
        self.assertGreater(len(names), 10)
        for name in names[1:]:  # the first is none
            with self.subTest(canary=name):
                begin = time.monotonic()
                result = run(self.binary, name, SEEDS)
                print(f"{name}: {time.monotonic() - begin:.1f} s")
                print(result.stdout)
                self.assertEqual(result.returncode, 1, f"{name} lived through {SEEDS} seeds")
                self.assertIn("BROKEN:", result.stdout)


if __name__ == "__main__":
    CanaryTest.binary = sys.argv.pop(1)
    unittest.main()
