"""The process as an operator meets it: flags that print, daemon and pid file, port file, signals
and exit codes, what an idle node costs, and a node short of file descriptors."""

import os
import signal
import subprocess
import tempfile
import time
import unittest

from tests.e2e.case import NodeTestCase
from tests.e2e.nodes import (HOST, TIME_SCALE, Node, Pair, free_port,
                             twincached_path, user_arguments, wait_until)
from tests.e2e.wire import Client, Closed, Timeout


def run(*arguments):
    return subprocess.run([twincached_path()] + list(arguments), timeout=5 * TIME_SCALE, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)


def alive(pid):
    """True while the process runs; a zombie does not."""
    try:
        with open("/proc/%d/stat" % pid) as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


class PrintingTest(unittest.TestCase):

    def test_version(self):
        for flag in ("-V", "--version"):
            done = run(flag)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertRegex(done.stdout, r"^\S*cached \d+\.\d+\S*\n$")

    def test_help_has_the_line_that_test_suites_of_repcached_look_for(self):
        for flag in ("-h", "--help"):
            done = run(flag)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertRegex(done.stdout, r"(?m)^-x <ip_addr>")

    def test_help_names_the_flags(self):
        words = run("-h").stdout
        for flag in ("-p,", "-l,", "-m,", "-c,", "-t,", "-v", "-d,", "-P,", "-u,", "-h,", "-V,",
                     "-X", "-q", "-I,", "-U,"):
            self.assertIn("\n" + flag, "\n" + words)


class StartTest(NodeTestCase):

    def test_the_last_of_a_flag_given_twice_counts(self):
        node = self.start_node(extra=["-m", "64", "-m", "32"])
        self.assertEqual(node.stats()["limit_maxbytes"], str(32 << 20))

    def test_long_forms(self):
        node = self.start_node(extra=["--conn-limit=77", "--threads=2", "--memory-limit=32",
                                      "--max-item-size=2m"])
        settings = node.stats("settings")
        self.assertEqual(settings["maxconns"], "77")
        self.assertEqual(settings["num_threads"], "2")
        self.assertEqual(settings["item_size_max"], str(2 << 20))
        self.assertEqual(settings["maxbytes"], str(32 << 20))

    def test_queue_length_of_repcached_is_accepted(self):
        self.start_node(extra=["-q", "4096"])

    def test_configuration_file(self):
        with tempfile.NamedTemporaryFile("w", suffix=".ini") as config:
            config.write("conn-limit=55\n")
            config.flush()
            os.chmod(config.name, 0o644)
            node = self.start_node(extra=["--config", config.name])
            self.assertEqual(node.stats("settings")["maxconns"], "55")

    def test_port_file_names_the_port_that_was_picked(self):
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o777)
            name = os.path.join(folder, "ports")
            args = [twincached_path(), "-p", "-1", "-U", "0", "-l", HOST] + user_arguments()
            process = subprocess.Popen(args, env=dict(os.environ, MEMCACHED_PORT_FILENAME=name))
            try:
                wait_until("a port file", lambda: os.path.exists(name), 5 * TIME_SCALE)
                with open(name) as file:
                    words = file.read().split()
                self.assertEqual(words[:3], ["TCP", "INET:"] + words[2:3])
                with Client(int(words[2])) as client:
                    self.assertTrue(client.ask("version").startswith("VERSION"))
            finally:
                process.kill()
                process.wait()

    def test_daemon_with_pid_file(self):
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o777)
            name, port = os.path.join(folder, "pid"), free_port()
            done = run("-d", "-P", name, "-p", str(port), "-U", "0", "-l", HOST, *user_arguments())
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
            wait_until("a pid file", lambda: os.path.exists(name) and open(name).read().strip(),
                       5 * TIME_SCALE)
            pid = int(open(name).read())
            try:
                wait_until("an answer", lambda: self.serves(port), 5 * TIME_SCALE)
                with Client(port) as client:
                    self.assertEqual(int(client.stats()["pid"]), pid)
                self.assertEqual(os.getsid(pid), pid, "a session of its own")
                os.kill(pid, signal.SIGTERM)
                wait_until("its end", lambda: not alive(pid), 5 * TIME_SCALE)
                self.assertFalse(os.path.exists(name), "the pid file stays behind")
            finally:
                if alive(pid):
                    os.kill(pid, signal.SIGKILL)

    @staticmethod
    def serves(port):
        try:
            with Client(port, timeout_s=1.0) as client:
                return client.ask("version").startswith("VERSION")
        except (OSError, Timeout, Closed):
            return False


class SignalTest(NodeTestCase):

    def test_term_and_int_end_it_with_0(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            node = self.start_node()
            with node.client() as idle, node.client() as half:
                self.assertEqual(idle.set("k", b"v"), "STORED")
                half.send(b"set k 0 0 100\r\nhalf")
                began = time.monotonic()
                self.assertEqual(node.terminate(number), 0)
                self.assertLess(time.monotonic() - began, 2.5 * TIME_SCALE)
            self.assertIn("got signal %d" % number, node.log_text())

    def test_a_node_of_a_pair_ends_with_0_whichever_it_is(self):
        for victim in ("first", "second"):
            for number in (signal.SIGTERM, signal.SIGINT):
                with self.subTest(victim=victim, number=number):
                    pair = self.start_pair()
                    began = time.monotonic()
                    self.assertEqual(getattr(pair, victim).terminate(number), 0)
                    self.assertLess(time.monotonic() - began, 3 * TIME_SCALE)

    def test_it_ends_although_the_peer_hangs(self):
        """repcached did not, and used a whole processor meanwhile."""
        pair = self.start_pair()
        pair.second.freeze()
        began = time.monotonic()
        self.assertEqual(pair.first.terminate(limit_s=5 * TIME_SCALE), 0)
        self.assertLess(time.monotonic() - began, 3.5 * TIME_SCALE)

    def test_hup_and_a_client_that_resets_do_not_end_it(self):
        node = self.start_node()
        node.send_signal(signal.SIGHUP)
        node.send_signal(signal.SIGPIPE)
        for _ in range(20):
            client = node.client()
            client.send(b"get k\r\n" * 100)
            client.socket.setsockopt(1, 13, b"\1\0\0\0\0\0\0\0")  # SO_LINGER 0: RST on close.
            client.close()
        self.assertTrue(node.answers())


class IdleTest(NodeTestCase):
    """Counted in wake-ups, which are the node's own doing. What one costs is the machine's: beside
    other tests 0.2 to 0.5 ms, so processor time is asked only whether a thread spins."""

    def assert_idle(self, nodes, wakeups_per_s):
        time.sleep(1.0)  # What starting left to do.
        before = [(node.wakeups(), node.cpu_seconds()) for node in nodes]
        began = time.monotonic()
        time.sleep(2.0)
        lasted = time.monotonic() - began
        for node, (wakeups, cpu) in zip(nodes, before):
            self.assertLessEqual((node.wakeups() - wakeups) / lasted, wakeups_per_s, node.name)
            self.assertLess((node.cpu_seconds() - cpu) / lasted, 0.2, "it spins")

    def test_an_idle_node_waits(self):
        node = self.start_node(extra=["-t", "4"])
        clients = [self.connect(node) for _ in range(50)]
        self.assertTrue(clients[0].ask("version").startswith("VERSION"))
        self.assert_idle([node], 10)

    def test_an_idle_pair_wakes_up_for_its_heartbeats(self):
        """Ten a second each way, two waits for each on core 0 and one on the core it asks."""
        pair = self.start_pair()
        self.assert_idle(pair.nodes(), 80)


class DescriptorTest(NodeTestCase):

    def test_out_of_file_descriptors_it_goes_on_serving(self):
        node = self.adopt(Node())
        node.open_files_max = 48
        node.start()
        old = [self.connect(node) for _ in range(5)]
        for client in old:
            self.assertTrue(client.ask("version").startswith("VERSION"))
        crowd = [self.connect(node) for _ in range(100)]  # The kernel accepts; the node cannot.
        cpu_before = node.cpu_seconds()
        deadline = time.monotonic() + 1.0
        while time.monotonic() < deadline:
            for client in old:
                self.assertTrue(client.ask("version").startswith("VERSION"))
            time.sleep(0.02)
        self.assertLess(node.cpu_seconds() - cpu_before, 0.4 * TIME_SCALE, "it spins")
        for client in crowd:
            client.close()
        wait_until("a new client is served", node.answers, 5 * TIME_SCALE)

    def test_a_pair_out_of_file_descriptors_keeps_its_link(self):
        pair = Pair()
        for node in pair.nodes():
            self.adopt(node).open_files_max = 64
        pair.start()
        before = [node.replication()["epoch"] for node in pair.nodes()]
        writer, reader = self.connect(pair.first), self.connect(pair.second)
        for node in pair.nodes():
            for _ in range(100):
                self.connect(node)
        for index in range(100):
            self.assertEqual(writer.set("k%d" % index, b"v"), "STORED")
            self.assertEqual(reader.get("k%d" % index), b"v")
            time.sleep(0.01)
        self.assertEqual([writer.stats("replication")["epoch"],
                          reader.stats("replication")["epoch"]], before)


if __name__ == "__main__":
    unittest.main()
