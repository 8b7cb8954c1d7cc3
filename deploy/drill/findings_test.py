"""What check_history says, sorted."""

import tempfile
import unittest
from pathlib import Path

from deploy.drill.findings import (LOST, STALE, TWICE, WRONG, CheckError, check_history,
                                   parse_findings)

_TOTALS = "check_history: 9 operations on 3 keys, 4 writes acknowledged, 5 reads, 0 unknown, %d " \
          "violations\n"


class ParseTest(unittest.TestCase):
    def _kind(self, sentence: str) -> str:
        found = parse_findings(sentence + "\n" + _TOTALS % 1)
        self.assertEqual(found.sentences, [sentence])
        return found.counts.most_common(1)[0][0]

    def test_nothing_found(self) -> None:
        found = parse_findings(_TOTALS % 0)
        self.assertEqual((sum(found.counts.values()), found.sentences), (0, []))

    def test_each_kind(self) -> None:
        for text, kind in (("lost write: get", LOST), ("lost increment: get", LOST),
                           ('stale value "v1": get', STALE), ("resurrection: get", STALE),
                           ("duplicated increment: incr", TWICE), ("expired item is there", WRONG),
                           ("item that nobody wrote: lost write: get", WRONG)):
            self.assertEqual(self._kind(f'key "a:1": {text}'), kind)

    def test_a_key_that_reads_like_a_sentence(self) -> None:
        self.assertEqual(self._kind(r'key "a\": lost write": stale value "x"'), STALE)

    def test_those_not_spelt_out_are_counted(self) -> None:
        found = parse_findings('key "a": lost write: get\n' + _TOTALS % 250)
        self.assertEqual((found.counts[LOST], found.counts[WRONG]), (1, 249))

    def test_output_without_totals_is_no_verdict(self) -> None:
        for output in ("", "key \"a\": lost write\n"):
            with self.assertRaises(CheckError):
                parse_findings(output)


class RunTest(unittest.TestCase):
    """A shell script in place of the program."""

    def _check(self, script: str) -> int:
        with tempfile.TemporaryDirectory() as folder:
            program = Path(folder, "check_history")
            program.write_text("#!/bin/sh\n" + script, encoding="ascii")
            program.chmod(0o700)
            return len(check_history(program, Path(folder, "history")).sentences)

    def test_reads_the_findings(self) -> None:
        totals = (_TOTALS % 1).strip()
        self.assertEqual(self._check(f"echo 'key: lost write'; echo '{totals}'; exit 1"), 1)

    def test_a_failure_is_told(self) -> None:
        with self.assertRaisesRegex(CheckError, "bad line 7"):
            self._check("echo bad line 7 >&2; exit 2")

    def test_success_with_findings_is_no_success(self) -> None:
        totals = (_TOTALS % 1).strip()
        with self.assertRaises(CheckError):
            self._check(f"echo 'key: lost write'; echo '{totals}'; exit 0")


if __name__ == "__main__":
    unittest.main()
