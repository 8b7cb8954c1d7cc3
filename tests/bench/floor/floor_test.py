"""Both floors answer everything that the load generator judges; no io_uring is said clearly."""

import subprocess
import sys
import unittest

from tests.bench.load_program import Load
from tests.bench.servers import LOOPBACK, ask, free_port, program, start_floors, wait_for_end

FLOOR = program(None, "tests/bench/floor/floor", "")
LOAD = program(None, "tests/bench/load", "")


class FloorTest(unittest.TestCase):

    def floor(self, poller, processes=1):
        """Running floors; skips the test where the kernel has no io_uring and that is said."""
        refusal = floor_refusal(poller)
        if refusal is not None:
            self.assertIn("has no io_uring that the floor can use", refusal)
            self.assertIn("--poller=epoll", refusal)
            self.skipTest(refusal)
        contender = start_floors(f"floor, {poller}", FLOOR, poller, processes)
        self.addCleanup(contender.stop)
        return contender

    def check_load(self, poller):
        port = self.floor(poller).loaded.port
        for value_bytes, connections, pipeline in ((100, 50, 1), (100, 8, 64), (20000, 4, 32),
                                                   (400000, 3, 8), (0, 5, 100)):
            load = Load(LOAD, 500, value_bytes)
            load.prefill(port)
            report = load.measure(port, 0.3, "--connections", str(connections), "--warmup", "0.1",
                                  "--pipeline", str(pipeline), "--get-ratio", "0.6")
            self.assertGreater(report["requests"], 0)
            self.assertEqual((report["errors"], report["misses"]), (0, 0))

    def test_epoll(self):
        self.check_load("epoll")

    def test_io_uring(self):
        self.check_load("io_uring")

    def test_two_processes_share_the_connections(self):
        contender = self.floor("epoll", 2)
        load = Load(LOAD, 100, 100)
        for server in contender.servers:
            load.prefill(server.port)
        report = load.measure(contender.ports(), 0.2, "--connections", "4", "--warmup", "0",
                              "--pid", contender.pids())
        self.assertEqual((report["errors"], report["misses"]), (0, 0))
        busy = [server["busy"] for server in report["servers"]]
        self.assertEqual(len(busy), 2)
        self.assertGreater(min(busy), 0.0)

    def test_clients_come_and_go(self):
        for poller in ("epoll", "io_uring"):
            with self.subTest(poller=poller):
                port = self.floor(poller).loaded.port
                for _ in range(200):
                    self.assertEqual(ask(port, "version"), "VERSION 0.0.0-floor\r\n")
                self.assertEqual(ask(port, "get a\r\nget b\r\nwhat\r\nquit", (b"ERROR\r\n",)),
                                 "END\r\nEND\r\nERROR\r\n")

    def test_a_taken_port_is_said(self):
        port = self.floor("epoll").loaded.port
        done = subprocess.run([FLOOR, "--port", str(port)], capture_output=True, text=True,
                              timeout=10, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"cannot listen on {LOOPBACK}:{port}", done.stderr)


def floor_refusal(poller):
    """What a floor that ends by itself says; None when it goes on."""
    with subprocess.Popen([FLOOR, "--poller", poller, "--port", str(free_port())],
                          stderr=subprocess.PIPE, text=True) as process:
        if wait_for_end(process, 0.3):
            return process.stderr.read()
        process.kill()
        return None


if __name__ == "__main__":
    sys.exit(unittest.main())
