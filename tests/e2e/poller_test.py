"""--poller: what is taken, what is said where the kernel has no io_uring, and what stats show."""

import os
import subprocess
import tempfile
import unittest

from tests.e2e.case import NodeTestCase
from tests.e2e.nodes import (TIME_SCALE, Node, free_port, twincached_path, usual_arguments,
                             wait_until)
from tests.e2e.seccomp import forbid_uring

WHY = "no io_uring: io_uring_setup: Operation not permitted"


def start(*arguments, **options):
    """Runs the server to its end, which must come soon."""
    return subprocess.run([twincached_path()] + usual_arguments(free_port()) + list(arguments),
                          timeout=5 * TIME_SCALE, check=False, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, **options)


class PollerTest(NodeTestCase):

    def need_uring(self):
        node = self.start_node(extra=["--poller=auto"])
        if node.stats("settings")["poller"] != "io_uring":
            self.skipTest("no io_uring on this machine: %s" % node.log_text())

    def check(self, node, poller):
        self.assertEqual(node.stats("settings")["poller"], poller)
        with node.client() as client:
            for size in (1, 5000, 100000, 900000):
                self.assertEqual(client.set("k", b"v" * size), "STORED")
                self.assertEqual(client.get("k"), b"v" * size)

    def test_epoll_asked_for(self):
        self.check(self.start_node(extra=["--poller=epoll"]), "epoll")

    def test_uring_asked_for(self):
        self.need_uring()
        self.check(self.start_node(extra=["--poller=io_uring", "-t", "2"]), "io_uring")

    def test_uring_by_itself(self):
        self.need_uring()
        node = self.start_node(extra=["--poller=auto"])
        self.check(node, "io_uring")
        self.assertNotIn("epoll", node.log_text())

    def test_in_the_configuration_file(self):
        with tempfile.NamedTemporaryFile("w", suffix=".ini") as config:
            config.write("poller=epoll\n")
            config.flush()
            os.chmod(config.name, 0o644)
            self.check(self.start_node(extra=["--config", config.name]), "epoll")

    def test_forbidden_and_by_itself_goes_on_with_epoll_and_says_why(self):
        node = self.adopt(Node(extra=["--poller=auto"]))
        node.uring_forbidden = True
        node.start()
        self.check(node, "epoll")
        self.assertIn("serving with epoll: " + WHY, node.log_text())

    def test_forbidden_and_asked_for_is_an_error(self):
        run = start("--poller=io_uring", preexec_fn=forbid_uring)
        self.assertEqual(run.returncode, 1)
        self.assertEqual(run.stderr.splitlines(), [
            "twincached: --poller=io_uring: %s (--poller=auto goes on without)" % WHY])

    def test_another_word_is_an_error(self):
        run = start("--poller=select")
        self.assertEqual(run.returncode, 1)
        self.assertIn("not one of auto, io_uring, epoll", run.stderr)

    # The kernel gives an io_uring to one process: a daemon makes it behind its fork.
    def test_a_daemon_has_it_too(self):
        self.need_uring()
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o777)
            pid_file = os.path.join(folder, "pid")
            node = self.adopt(Node())
            run = start("--poller=io_uring", "-p", str(node.port), "-d", "-P", pid_file)
            self.assertEqual((run.returncode, run.stderr), (0, ""))
            with open(pid_file, encoding="ascii") as file:
                pid = int(file.read())
            try:
                wait_until("it answers", node.answers, 5 * TIME_SCALE)
                self.check(node, "io_uring")
            finally:
                os.kill(pid, 15)


if __name__ == "__main__":
    unittest.main()
