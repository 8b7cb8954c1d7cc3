"""Every rule finds its bad example, at its line, and leaves the good one alone."""

import unittest

from tests.tidy import rules
from tests.tidy import source

# The forbidden words in halves: this file is tidy as well.
UNFINISHED = ("TO" "DO", "FIX" "ME", "XX" "X", "HA" "CK")
HEADER = "// What it is.\n#pragma once\n\n"


def found(path, text):
    """(rule, line) of every finding in a tree of this one file."""
    findings = rules.check_all([source.Source(path, text)])
    for finding in findings:
        assert finding.fix and str(finding).startswith(f"{path}:{finding.line}: ")
    return [(finding.rule, finding.line) for finding in findings]


class SizeTest(unittest.TestCase):
    def check_limit(self, path, start, limit):
        lines = start.count("\n")
        self.assertEqual(found(path, start + "int a;\n" * (limit - lines)), [])
        self.assertEqual(found(path, start + "int a;\n" * (limit - lines + 1)),
                         [("file-size", limit + 1)])

    def test_files(self):
        self.check_limit("net/a.h", HEADER, 200)
        self.check_limit("net/a.cc", "", 400)
        self.check_limit("tests/unit/net/a_test.cc", "", 500)
        self.check_limit("tests/e2e/a.proto", "", 400)

    def test_python_files(self):
        self.assertEqual(found("deploy/a.py", "a = 1\n" * 400), [])
        self.assertEqual(found("deploy/a.py", "a = 1\n" * 401), [("file-size", 401)])
        self.assertEqual(found("deploy/a_test.py", "a = 1\n" * 500), [])

    def test_documents_have_no_limit(self):
        self.assertEqual(found("README.md", "word\n" * 2000), [])

    def test_functions(self):
        self.assertEqual(found("net/a.cc", "\nvoid F() {\n" + "  G();\n" * 68 + "}\n"), [])
        self.assertEqual(found("net/a.cc", "\nvoid F() {\n" + "  G();\n" * 69 + "}\n"),
                         [("function-size", 2)])
        self.assertEqual(found("deploy/a.py", "def f():\n" + "    g()\n" * 69), [])
        self.assertEqual(found("deploy/a.py", "def f():\n" + "    g()\n" * 70),
                         [("function-size", 1)])

    def test_parameters(self):
        self.assertEqual(found("net/a.cc", "void F(int a, int b, int c, M<int, int> d) {}\n"), [])
        self.assertEqual(found("net/a.cc", "void F(int a, int b, int c, int d, int e) {}\n"),
                         [("parameters", 1)])
        wrapped = "int __wrap_f(int a, int b, int c, int d, int e) {}\n"
        self.assertEqual(found("tests/a.cc", wrapped), [])

    def test_python_that_does_not_parse(self):
        self.assertEqual(found("deploy/a.py", "a = 1\ndef f(:\n"), [("syntax", 2)])


class LineTest(unittest.TestCase):
    def test_columns(self):
        for path in ("net/a.cc", "tests/e2e/a.py", "actors/BUILD.bazel", "WORKSPACE", ".ci/run"):
            self.assertEqual(found(path, "#" * 100 + "\n"), [])
            self.assertEqual(found(path, "\n" + "#" * 101 + "\n"), [("columns", 2)])
        self.assertEqual(found("README.md", "a" * 300 + "\n"), [])

    def test_tabs_and_trailing_blanks(self):
        self.assertEqual(found("net/a.cc", "int a;\n\tint b;\n"), [("tab", 2)])
        self.assertEqual(found("net/a.cc", "int a; \n"), [("trailing-blank", 1)])
        self.assertEqual(found("tests/telnet/transcripts/a.txt", "> get\ta \n"), [])


class WordTest(unittest.TestCase):
    def test_unfinished_work(self):
        for word in UNFINISHED:
            for path in ("net/a.cc", "README.md", "deploy/a.py"):
                self.assertEqual(found(path, f"\n# {word}: later\n"), [("unfinished", 2)])
        self.assertEqual(found("bazelw", "mktemp /tmp/a.XXXX" "XX\n"), [])

    def test_paths_of_one_machine(self):
        self.assertEqual(found("README.md", "see /ho" "me/me/x\n"), [("machine-path", 1)])
        self.assertEqual(found("deploy/a.py", "ROOT = '/wo" "rk/main'\n"), [("machine-path", 1)])
        self.assertEqual(found("README.md", "see tests/home/x and /usr/share/bazel\n"), [])

    def test_registry_hosts(self):
        self.assertEqual(found("deploy/Containerfile", "RUN apt -o deb.debian" ".org\n"),
                         [("registry-host", 1)])


class HeaderTest(unittest.TestCase):
    def test_pragma_once(self):
        self.assertEqual(found("net/a.h", "// It.\n\nint a;\n"), [("pragma-once", 1)])
        self.assertEqual(found("net/a.h", "// It.\n#include <vector>\n#pragma once\n"),
                         [("pragma-once", 1)])
        self.assertEqual(found("net/a.h", "// It. #pragma once\n"), [("pragma-once", 1)])

    def test_contract(self):
        for layer in ("proto", "storage", "net", "actors"):
            self.assertEqual(found(f"{layer}/a.h", "#pragma once\n"), [("contract", 1)])
        self.assertEqual(found("tests/bench/a.h", "#pragma once\n"), [])

    def test_string_view(self):
        text = HEADER + "int F(std::string_view a);\n"
        for layer in ("proto", "storage"):
            self.assertEqual(found(f"{layer}/a.h", text), [("string-view", 4)])
        self.assertEqual(found("proto/a.h", HEADER + "int F(absl::string_view a);\n"), [])
        self.assertEqual(found("proto/a.h", HEADER + "// Not a std::string_view.\n"), [])


class BanTest(unittest.TestCase):
    def check_ban(self, path, line, rule):
        self.assertEqual(found(path, f"int a;\n{line}\n"), [(rule, 2)])
        self.assertEqual(found(path, f'// {line} is said here\nconst char kA[] = "{line}";\n'), [])

    def test_everywhere(self):
        for path in ("net/a.cc", "tests/unit/net/a_test.cc"):
            self.check_ban(path, "absl::Mutex m;", "absl-mutex")
            self.check_ban(path, "using namespace std;", "using-namespace")
            self.check_ban(path, "int b = atoi(s);", "unbounded-c")

    def test_own_code(self):
        for layer in ("proto", "storage", "net", "actors"):
            self.check_ban(f"{layer}/a.cc", "void F() { assert(a); }", "assert")
            self.check_ban(f"{layer}/a.cc", "void F() { throw 1; }", "throw")
            self.check_ban(f"{layer}/a.cc", "void F() { usleep(1); }", "sleep")

    def test_pure_layers(self):
        for line in ("std::mutex m;", "std::chrono::seconds s;", "auto now = absl::Now();",
                     "int t = time(nullptr);", "std::mt19937 r;", "int r = rand();",
                     "const char* e = getenv(name);", "thread_local int x;"):
            self.check_ban("proto/a.cc", line, "impure")
            self.check_ban("storage/a.cc", line, "impure")
        self.check_ban("storage/a.cc", "std::atomic<int> a;", "impure")
        self.assertEqual(found("storage/pins.cc", "std::atomic<int> a;\n"), [])
        self.check_ban("storage/pins.cc", "std::mutex m;", "impure")
        for line in ("void F() { clock.time(3); }", "int expiry_time(int a);", "std::mutex m;"):
            self.assertEqual(found("actors/a.cc", line + "\n"), [])
        self.assertEqual(found("proto/a.cc", "int b = item.time();\nint c = snprintf(d);\n"), [])

    def test_actor_runtime(self):
        self.check_ban("net/a.cc", "caf::actor a;", "caf-in-net")
        self.check_ban("actors/a.cc", "void F() { delayed_send(this, s, x); }", "caf-clock")
        self.check_ban("actors/a.cc", "void F() { caf::aout(self); }", "caf-aout")

    def test_commented_out_code(self):
        for line in ("// Go(a, b);", "//  a.b = c;", "// return x;", "// if (a) {",
                     "// #include <map>", "// int y = F(x);", "// store->Get(key);"):
            self.assertEqual(found("net/a.cc", f"int a;\n{line}\n"), [("commented-out", 2)], line)
        for line in ("// Returns F(x).", "// key = 1*250 octet; see below (the grammar);",
                     "// Calls Go() once; then Stop().", "// if the peer is gone",
                     "// frame = length checksum payload"):
            self.assertEqual(found("net/a.cc", f"int a;\n{line}\n"), [], line)


class BuildFileTest(unittest.TestCase):
    def test_system_libraries_belong_to_layers(self):
        for library, good, bad in (("caf_core", "actors", "net"), ("liburing", "net", "actors"),
                                   ("liburing", "tests/bench/floor", "tests/sim"),
                                   ("cli11", "actors", "proto"), ("spdlog", "actors", "storage")):
            text = f'    deps = ["@system//:{library}"],\n'
            self.assertEqual(found(f"{good}/BUILD.bazel", text), [])
            self.assertEqual(found(f"{bad}/BUILD.bazel", text), [("system-dep", 1)])

    def test_public_visibility(self):
        text = 'package(default_visibility = ["//visibility:public"])\n'
        self.assertEqual(found("net/BUILD.bazel", text), [("visibility", 1)])
        self.assertEqual(found("third_party/system.BUILD", text), [])


if __name__ == "__main__":
    unittest.main()
