"""The whole source tree keeps the rules of the house (rules.py, includes.py)."""

import pathlib
import unittest

from tests.tidy import rules
from tests.tidy import source


def workspace_root():
    """The checkout itself: in the runfiles this file is a link into it."""
    root = pathlib.Path(__file__).resolve().parents[2]
    if not (root / "WORKSPACE").is_file():
        raise FileNotFoundError(f"{root} is not the workspace: tidy_test reads the real tree")
    return root


class TidyTest(unittest.TestCase):
    def test_tree_is_tidy(self):
        sources = source.read_tree(workspace_root())
        self.assertIn("WORKSPACE", [file.path for file in sources])
        findings = rules.check_all(sources)
        for finding in findings:
            print(finding)
        self.assertEqual(len(findings), 0, "findings; each line above says how to fix it")


if __name__ == "__main__":
    unittest.main()
