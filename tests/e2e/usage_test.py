"""Usage errors: one clear line on stderr and exit code 1, at once; nothing is left listening."""

import os
import socket
import subprocess
import unittest

from tests.e2e.case import NodeTestCase
from tests.e2e.nodes import HOST, TIME_SCALE, free_port, twincached_path, usual_arguments

LIMIT_S = 5.0 * TIME_SCALE


class UsageTest(NodeTestCase):

    def run_node(self, *arguments, user=True):
        """Runs it with a free port and `arguments`; a node that serves is an error here."""
        args = usual_arguments(free_port(), arguments)
        if not user:
            args = [word for word in args if word not in ("-u", "nobody")]
        try:
            return subprocess.run([twincached_path()] + args + list(arguments), timeout=LIMIT_S,
                                  check=False, stdin=subprocess.DEVNULL, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        except subprocess.TimeoutExpired:
            raise AssertionError("it serves with %s" % " ".join(arguments)) from None

    def refused(self, *arguments, says="", user=True):
        run = self.run_node(*arguments, user=user)
        lines = run.stderr.splitlines()
        self.assertEqual(run.returncode, 1, "%s: %r" % (arguments, run.stderr))
        self.assertEqual(len(lines), 1, "%s: %r" % (arguments, run.stderr))
        self.assertIn(says, lines[0])
        self.assertEqual(run.stdout, "")

    def test_unknown_flags(self):
        self.refused("--nonsense", says="nonsense")
        self.refused("-j", says="-j")
        self.refused("-o", "nonsense")

    def test_values_that_are_none(self):
        for arguments in (("-p", "99999"), ("-p", "abc"), ("-t", "0"), ("-t", "abc"), ("-t", "-1"),
                          ("-c", "0"), ("-c", "abc"), ("-m", "abc"), ("-m", "-1"), ("-I", "1"),
                          ("-I", "2g"), ("-I", "abc"), ("-X", "99999")):
            with self.subTest(arguments):
                self.refused(*arguments)

    def test_missing_values(self):
        for flag in ("-p", "-m", "-x", "-l", "-c", "-t", "-u"):
            with self.subTest(flag):
                self.refused(flag)

    def test_too_little_memory(self):
        self.refused("-m", "0")
        self.refused("-m", "1")

    def test_a_port_that_is_taken(self):
        with socket.create_server((HOST, 0)) as taken:
            port = taken.getsockname()[1]
            self.refused("-p", str(port), says=str(port))

    def test_addresses_that_are_not_ours(self):
        self.refused("-l", "192.0.2.1", says="192.0.2.1")
        self.refused("-l", "no-such-host.invalid", says="no-such-host.invalid")

    def test_unknown_user(self):
        if os.geteuid() != 0:
            self.skipTest("only root may become another user")
        self.refused("-u", "nosuchuser", says="nosuchuser")

    def test_root_without_user(self):
        if os.geteuid() != 0:
            self.skipTest("only root needs -u")
        self.refused(user=False, says="-u")

    def test_a_configuration_file_that_is_missing(self):
        self.refused("--config", "/nonexistent/twincached.ini", says="/nonexistent/twincached.ini")

    def test_a_peer_that_does_not_resolve_is_no_error(self):
        node = self.start_node(extra=["-x", "no-such-host.invalid", "-X", str(free_port())])
        with node.client() as client:
            self.assertEqual(client.set("k", b"v"), "STORED")
            self.assertEqual(client.get("k"), b"v")

    def test_udp_is_one_line_of_warning(self):
        node = self.start_node(extra=["-U", str(free_port())])
        self.assertIn("UDP", node.log_text().upper())


if __name__ == "__main__":
    unittest.main()
