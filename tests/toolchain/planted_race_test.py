"""ThreadSanitizer still sees a race in a CAF handler, in spite of the suppressions for CAF."""

import subprocess
import sys
import unittest


class PlantedRaceTest(unittest.TestCase):
    def test_is_reported_in_our_handler(self):
        run = subprocess.run([sys.argv[1]], stderr=subprocess.PIPE, text=True, check=False)
        self.assertNotEqual(run.returncode, 0, "the race went unseen")
        self.assertIn("WARNING: ThreadSanitizer: data race", run.stderr)
        self.assertIn("planted_race.cc", run.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
