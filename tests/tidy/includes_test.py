"""The arrows and the allow-lists of system headers, one bad include at a time."""

import unittest

from tests.tidy import rules
from tests.tidy import source


def found(path, *included):
    text = "".join(f"#include {name}\n" for name in included)
    findings = rules.check_all([source.Source(path, text)])
    return [(finding.rule, finding.line) for finding in findings]


class ArrowTest(unittest.TestCase):
    def test_allowed(self):
        self.assertEqual(found("proto/a.cc", '"proto/limits.h"'), [])
        self.assertEqual(found("storage/a.cc", '"proto/limits.h"', '"storage/shard.h"'), [])
        self.assertEqual(found("net/a.cc", '"net/a.h"', '"proto/check.h"', '"proto/limits.h"'), [])
        self.assertEqual(found("actors/a.cc", '"proto/a.h"', '"storage/a.h"', '"net/a.h"'), [])
        self.assertEqual(found("tests/sim/a.cc", '"actors/a.h"', '"tests/sim/a.h"'), [])

    def test_forbidden(self):
        for path, header in (("proto/a.cc", '"storage/a.h"'), ("proto/a.cc", '"net/a.h"'),
                             ("storage/a.cc", '"net/a.h"'), ("storage/a.cc", '"actors/a.h"'),
                             ("net/a.cc", '"storage/a.h"'), ("net/a.cc", '"actors/a.h"'),
                             ("net/a.cc", '"proto/key_hash.h"'), ("actors/a.cc", '"tests/a.h"'),
                             ("tests/a.cc", '"deploy/a.h"'), ("proto/a.cc", "<net/a.h>")):
            self.assertEqual(found(path, "<vector>", header), [("arrow", 2)], (path, header))

    def test_path_starts_at_the_project_root(self):
        self.assertEqual(found("net/a.cc", '"address.h"'), [("include-path", 1)])


class SystemHeaderTest(unittest.TestCase):
    def test_pure_layers(self):
        for path in ("proto/a.cc", "storage/a.cc"):
            self.assertEqual(found(path, "<vector>", '"absl/strings/str_cat.h"', "<xxhash.h>"), [])
            for header in ("<thread>", "<mutex>", "<chrono>", "<random>", "<iostream>", "<atomic>",
                           "<sys/socket.h>", "<unistd.h>", "<caf/all.hpp>", "<liburing.h>",
                           '"absl/synchronization/mutex.h"', '"absl/time/clock.h"'):
                self.assertEqual(found(path, header), [("system-include", 1)], (path, header))

    def test_net(self):
        self.assertEqual(found("net/a.cc", "<sys/epoll.h>", "<liburing.h>", "<net/if.h>"), [])
        for header in ("<caf/all.hpp>", "<google/protobuf/message.h>"):
            self.assertEqual(found("net/a.cc", header), [("system-include", 1)], header)

    def test_actors(self):
        self.assertEqual(found("actors/a.cc", "<caf/actor.hpp>", "<thread>", "<signal.h>"), [])
        for header in ("<sys/socket.h>", "<sys/epoll.h>", "<netinet/in.h>", "<liburing.h>"):
            self.assertEqual(found("actors/a.cc", header), [("system-include", 1)], header)

    def test_io_uring_outside_net(self):
        for header in ("<liburing.h>", "<linux/io_uring.h>"):
            for path in ("tests/bench/floor/a.cc", "tests/unit/net/a.cc"):
                self.assertEqual(found(path, header), [], (path, header))
            for path in ("tests/sim/a.cc", "tests/unit/actors/a.cc", "deploy/a.cc"):
                self.assertEqual(found(path, header), [("system-include", 1)], (path, header))

    def test_commented_out_include_is_no_include(self):
        text = "/*\n#include <thread>\n*/\n"
        self.assertEqual(rules.check_all([source.Source("proto/a.cc", text)]), [])


class HeavyHeaderTest(unittest.TestCase):
    def check(self, *files):
        sources = [source.Source(path, text) for path, text in files]
        return [(finding.rule, finding.path) for finding in rules.check_all(sources)]

    def test_one_source_per_program(self):
        for header in ("<CLI/CLI.hpp>", "<spdlog/spdlog.h>"):
            text = f"#include {header}\n"
            self.assertEqual(self.check(("actors/a.cc", text), ("tests/bench/a.cc", text)), [])
            self.assertEqual(self.check(("actors/a.cc", text), ("actors/b.cc", text)),
                             [("heavy-include", "actors/b.cc")])

    def test_no_header(self):
        text = "// It.\n#pragma once\n#include <CLI/CLI.hpp>\n"
        self.assertEqual(self.check(("actors/a.h", text)), [("heavy-include", "actors/a.h")])


if __name__ == "__main__":
    unittest.main()
