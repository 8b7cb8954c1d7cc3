"""check_history from outside: what it prints and its exit codes."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

BINARY = ""

GOOD = ("0 10 1 set k value=a ok\n"
        "40 50 1 set k value=b ok\n")
READS = ("20 30 2 get k ok value=a\n"
         "60 70 2 get k ok value=b\n")
STALE = "20 30 2 get k ok value=a\n60 70 2 get k ok value=a\n"


def check(*contents, flags=()):
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, content in enumerate(contents):
            paths.append(pathlib.Path(folder) / f"{number}.txt")
            paths[-1].write_text(content, encoding="ascii")
        return run(*flags, *paths)


def run(*arguments):
    return subprocess.run([BINARY, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, check=False)


class CheckHistoryTest(unittest.TestCase):
    def test_clean_history(self):
        done = check(GOOD, READS)
        self.assertEqual(done.stdout, "check_history: 4 operations on 1 keys, 2 writes "
                                      "acknowledged, 2 reads, 0 unknown, 0 violations\n")
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_violations(self):
        done = check(GOOD, STALE)
        self.assertEqual(done.returncode, 1)
        lines = done.stdout.splitlines()
        self.assertEqual(len(lines), 2, lines)
        self.assertIn('key "k": stale value "a": get [60, 70] by client 2', lines[0])
        self.assertTrue(lines[1].endswith("2 reads, 0 unknown, 1 violations"), lines)

    def test_more_violations_than_are_printed(self):
        misses = "".join(f"{time} {time} 1 get k not\n" for time in range(100, 250))
        done = check("0 10 1 set k value=a ok\n" + misses)
        self.assertEqual(done.returncode, 1)
        lines = done.stdout.splitlines()
        self.assertEqual(len(lines), 102)
        self.assertEqual(lines[100], "and 50 more")

    def test_slack(self):
        history = "0 10 1 set k value=a ttl=100 ok\n150 160 1 get k ok value=a\n"
        self.assertEqual(check(history).returncode, 1)
        self.assertEqual(check(history, flags=["--expiry-slack-us=40"]).returncode, 0)

    def test_bad_input(self):
        done = check(GOOD, "0 10 1 push k ok\n")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertTrue(done.stderr.startswith("check_history: "), done.stderr)
        self.assertIn('1.txt:1: no such command: "push"', done.stderr)
        self.assertEqual(run("/nonexistent").returncode, 2)

    def test_bad_usage(self):
        for arguments in ([], ["--none", "file"], ["--expiry-slack-us=-1", "file"],
                          ["--expiry-slack-us=5"]):
            done = run(*arguments)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertIn("usage: check_history", done.stderr)


if __name__ == "__main__":
    BINARY = sys.argv[1]
    unittest.main(argv=sys.argv[:1])
