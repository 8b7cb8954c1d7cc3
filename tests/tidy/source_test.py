"""What the tidy rules see of a file, and which files they see."""

import pathlib
import subprocess
import tempfile
import unittest

from tests.tidy import source


class CodeTest(unittest.TestCase):
    def code(self, text):
        file = source.Source("net/a.cc", text)
        self.assertEqual(len(file.code), len(text))
        return file.code

    def test_comments_are_blank(self):
        self.assertEqual(self.code("a; // b {\nc; /* d\ne */ f;").split(), ["a;", "c;", "f;"])

    def test_inside_of_literals_is_blank(self):
        self.assertNotIn("{", self.code('f("{", \'{\', "\\"{");'))
        self.assertNotIn("{", self.code('auto x = R"(a " {)"; auto y = R"--(b )" {)--";'))

    def test_digit_separators_are_not_literals(self):
        self.assertIn("{", self.code("int a = 1'000'000; int b[] = {2'000};"))

    def test_a_slash_in_a_string_starts_no_comment(self):
        self.assertIn("next", self.code('f("http://x"); next();'))

    def test_lines_are_counted_from_one(self):
        file = source.Source("net/a.cc", "a\nb\nc")
        self.assertEqual(file.line_of(0), 1)
        self.assertEqual(file.line_of(4), 3)


class LayerTest(unittest.TestCase):
    def test_layer_is_the_first_folder(self):
        self.assertEqual(source.Source("proto/memcache/command.h", "").layer, "proto")
        self.assertEqual(source.Source("README.md", "").layer, "root")
        self.assertEqual(source.Source(".ci/run", "").layer, "root")

    def test_tests_are_known_by_name(self):
        self.assertTrue(source.Source("tests/unit/a_test.cc", "").is_test)
        self.assertFalse(source.Source("tests/unit/a.cc", "").is_test)


class ReadTreeTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        (self.root / "proto").mkdir()
        (self.root / "proto" / "a.h").write_text("// a\n")
        (self.root / "bazel-out").mkdir()
        (self.root / "bazel-out" / "b.h").write_text("// b\n")
        (self.root / "corpus").write_bytes(b"\xff\xfe")
        (self.root / ".gitignore").write_text("/bazel-*\n")

    def paths(self):
        return [file.path for file in source.read_tree(self.root)]

    def test_walks_a_folder_that_is_no_checkout(self):
        self.assertEqual(self.paths(), [".gitignore", "proto/a.h"])

    def test_takes_new_files_of_a_checkout(self):
        try:
            subprocess.run(["git", "init", "-q", str(self.root)], check=True)
        except FileNotFoundError:
            self.skipTest("no git here")
        self.assertEqual(self.paths(), [".gitignore", "proto/a.h"])


if __name__ == "__main__":
    unittest.main()
