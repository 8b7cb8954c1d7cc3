"""Real server processes for tests: a twincached node, a pair of them, a stock memcached.

Whoever starts a server here owns it: `with Node() as node`, or NodeTestCase of case.py. Whatever
happens to the test, no server outlives it. Nothing listens outside 127.0.0.1. Ports are free ones
below the ephemeral range, so that no outgoing connection can take the port of a node while it is
down; a port stays claimed for as long as this process lives.
"""

import atexit
import ctypes
import glob
import os
import random
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from tests.e2e.seccomp import forbid_uring
from tests.e2e.wire import HOST, Client, Closed, Timeout

# Sanitizer builds are slower: the BUILD files let this stretch every limit in time.
TIME_SCALE = float(os.environ.get("TEST_TIME_SCALE", "1"))
# What servers get as --poller, if a test says nothing else; empty: nothing.
POLLER = os.environ.get("TEST_POLLER", "")
START_LIMIT_S = 10.0 * TIME_SCALE
STOP_LIMIT_S = 6.0 * TIME_SCALE
POLL_S = 0.005
START_ATTEMPTS_MAX = 5
FIRST_PORT, LAST_PORT = 12000, 32000

_claims = {}
_nodes = set()  # Those not yet destroyed.


@atexit.register
def _release_claims():
    for claim in _claims.values():
        claim.close()


def free_port():
    """A port nobody listens on and no other test claims; claimed until this process ends."""
    for _ in range(1000):
        port = random.randint(FIRST_PORT, LAST_PORT)
        if port in _claims:
            continue
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        probe = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            claim.bind("\0twincached-test-port-%d" % port)
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, port))
        except OSError:
            claim.close()
            continue
        finally:
            probe.close()
        _claims[port] = claim
        return port
    raise RuntimeError("no free port between %d and %d" % (FIRST_PORT, LAST_PORT))


def twincached_path():
    """The binary under test: $TWINCACHED, the test's runfiles, or the checkout's last build."""
    here = os.path.dirname(os.path.abspath(__file__))
    candidates = [os.environ.get("TWINCACHED", ""), "twincached",
                  os.path.join(here, "../../twincached"),
                  os.path.join(here, "../../bazel-bin/twincached")]
    for path in candidates:
        if path and os.path.isfile(path) and os.access(path, os.X_OK):
            return os.path.abspath(path)
    raise FileNotFoundError("no twincached binary: build //:twincached or set TWINCACHED")


def installed(program, package):
    """The path of an installed program; the error names the Debian package that brings it."""
    path = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/bin:/usr/sbin")
    if not path:
        raise FileNotFoundError("%s is not installed: apt-get install %s (bazelw does)"
                                % (program, package))
    return path


def user_arguments():
    """memcached and twincached refuse to run as root unless told which user to become."""
    return ["-u", "nobody"] if os.geteuid() == 0 else []


def usual_arguments(port, extra=()):
    """What every server here is started with, but for the flags that `extra` gives itself."""
    usual = [("-p", str(port)), ("-U", "0"), ("-l", HOST), ("-t", "1"), ("-m", "64")]
    args = [word for pair in usual if pair[0] not in extra for word in pair]
    return args + ([] if "-u" in extra else user_arguments())


def wait_until(what, condition, limit_s, poll_s=POLL_S):
    """Polls `condition` until it is true and returns its value; AssertionError after `limit_s`."""
    deadline = time.monotonic() + limit_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise AssertionError("not within %.1f s: %s" % (limit_s, what))
        time.sleep(poll_s)


def _die_with_parent():
    """In the child: end with the test, should that be killed (a change of user undoes it)."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


class Node:
    """One server process on one client port. Start it, use it, stop it; restart keeps its ports."""

    # Set before the start.
    open_files_max = None  # `ulimit -n` for the process
    uring_forbidden = False  # the kernel refuses io_uring to it

    def __init__(self, name="solo", binary=None, extra=(), repl_port=None):
        self.name = name
        self.binary = binary or twincached_path()
        self.extra = list(extra)
        self.repl_port = repl_port
        self.port = free_port()
        self.process = None
        self.exit_codes = []  # Of every run that has ended, in order.
        self._killed = False
        self._log = tempfile.NamedTemporaryFile(prefix="node-%s-" % name, suffix=".log")
        _nodes.add(self)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
        self.destroy()

    def arguments(self):
        args = usual_arguments(self.port, self.extra) + ["-v"] + self.poller_arguments()
        if self.repl_port:
            args += ["-x", HOST, "-X", str(self.repl_port)]
        return [self.binary] + args + self.extra

    def poller_arguments(self):
        given = any(word.startswith("--poller") for word in self.extra)
        return ["--poller=" + POLLER] if POLLER and not given else []

    def spawn(self):
        """Starts the process and returns at once. REQUIRES: it is not running."""
        assert not self.running(), "%s runs already" % self.name
        self._killed = False
        self.process = subprocess.Popen(
            self.arguments(), stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log,
            preexec_fn=self._prepare_child)

    def _prepare_child(self):
        _die_with_parent()
        if self.uring_forbidden:
            forbid_uring()
        if self.open_files_max:
            limit = (self.open_files_max, self.open_files_max)
            resource.setrlimit(resource.RLIMIT_NOFILE, limit)

    def start(self):
        """Starts the process and waits until it answers; a port that was taken is replaced."""
        for _ in range(START_ATTEMPTS_MAX):
            self.spawn()
            if self.wait_ready():
                return self
            if "in use" not in self.log_text():
                break
            self.process.wait()
            self.port = free_port()
        code = self.process.wait()
        raise AssertionError("%s ended with %d at its start:\n%s"
                             % (self.name, code, self.log_text()))

    def restart(self, wait=True):
        """Starts it again with the same arguments and ports. REQUIRES: it has ended."""
        self.reap()
        self.spawn()
        if wait and not self.wait_ready():
            raise AssertionError("%s did not come back:\n%s" % (self.name, self.log_text()))

    def wait_ready(self, limit_s=START_LIMIT_S):
        """True once the client port answers, False when the process has ended before."""
        deadline = time.monotonic() + limit_s
        while self.process.poll() is None:
            if self.answers():
                return True
            if time.monotonic() >= deadline:
                raise AssertionError("%s answers nobody after %.1f s:\n%s"
                                     % (self.name, limit_s, self.log_text()))
            time.sleep(POLL_S)
        return False

    def answers(self):
        """True when the client port accepts and answers right now."""
        try:
            with Client(self.port, timeout_s=1.0) as client:
                return client.ask("version").startswith("VERSION")
        except (OSError, Timeout, Closed):
            return False

    def running(self):
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self):
        return self.process.pid

    def client(self, **options):
        return Client(self.port, **options)

    def stats(self, group=""):
        with self.client() as client:
            return client.stats(group)

    def replication(self):
        """`stats replication`, or {} while the client port is closed (a joiner's is)."""
        try:
            return self.stats("replication")
        except (OSError, Timeout, Closed):
            return {}

    def await_state(self, state, limit_s=10.0):
        """Waits for a state of the pair protocol, as SLAVE; returns that `stats replication`."""
        seen = [{}]

        def reached():
            seen[0] = self.replication()
            return seen[0].get("state") == state
        try:
            wait_until("%s in state %s" % (self.name, state), reached, limit_s * TIME_SCALE)
        except AssertionError as error:
            raise AssertionError("%s; last seen: %s\n%s"
                                 % (error, seen[0], self.log_text()[-2000:])) from None
        return seen[0]

    def kill9(self):
        """kill -9, and waits until the process is gone."""
        self._killed = True
        self.process.kill()
        self.reap()

    def send_signal(self, number):
        self.process.send_signal(number)

    def terminate(self, number=signal.SIGTERM, limit_s=STOP_LIMIT_S):
        """Asks it to end, waits and returns its exit code; TimeoutExpired when it stays."""
        self.process.send_signal(number)
        self.process.wait(limit_s)
        return self.reap()

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def reap(self):
        """Waits for a process that is ending; returns its exit code (None: there was none)."""
        if self.process is None:
            return None
        code = self.process.wait(STOP_LIMIT_S)
        self.exit_codes.append(code)
        self.process = None
        return code

    def stop(self):
        """Ends it whatever state it is in. Returns None, or what was wrong with its end."""
        if self.process is None:
            return None
        if self.process.poll() is not None:
            code = self.reap()
            return "%s had ended by itself with %d" % (self.name, code) if code else None
        self.thaw()
        try:
            code = self.terminate()
        except subprocess.TimeoutExpired:
            self.kill9()
            return "%s did not end on SIGTERM within %.1f s" % (self.name, STOP_LIMIT_S)
        return "%s ended with %d on SIGTERM" % (self.name, code) if code else None

    def destroy(self):
        """The last resort: no process stays behind."""
        if self.running():
            self.kill9()
        _nodes.discard(self)

    def log_text(self):
        with open(self._log.name, encoding="latin-1") as log:
            return log.read()

    def open_files(self):
        return len(os.listdir("/proc/%d/fd" % self.pid))

    def resident_bytes(self):
        with open("/proc/%d/statm" % self.pid) as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE")

    def cpu_seconds(self):
        """User and system time the process has used so far."""
        with open("/proc/%d/stat" % self.pid) as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def wakeups(self):
        """How often the threads that live now have waited for something and gone on."""
        total = 0
        for status in glob.glob("/proc/%d/task/*/status" % self.pid):
            with open(status) as lines:
                total += sum(int(line.split()[1]) for line in lines
                             if line.startswith("voluntary_ctxt_switches"))
        return total


class StockMemcached(Node):
    """Debian's memcached, the reference, without its background threads: while one of them holds
    an item, a decr does not pad it (one run in some hundreds)."""

    def __init__(self, name="stock", extra=()):
        super().__init__(name, installed("memcached", "memcached"),
                         ["-o", "no_lru_maintainer,no_lru_crawler"] + list(extra))

    def poller_arguments(self):
        return []

    def stop(self):
        """At once: its own orderly end takes a second."""
        if self.running():
            self.kill9()


class Pair:
    """Two nodes that replicate to each other. `first` was started first: at the start it is
    MASTER, `second` SLAVE; later ask `by_role`."""

    def __init__(self, extra=()):
        self.repl_port = free_port()
        self.first = Node("first", extra=extra, repl_port=self.repl_port)
        self.second = Node("second", extra=extra, repl_port=self.repl_port)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        for node in self.nodes():
            node.stop()
            node.destroy()

    def nodes(self):
        return [self.first, self.second]

    def start(self):
        self.first.start()
        self.second.start()
        self.await_in_sync(self.first, self.second)
        return self

    def other(self, node):
        return self.second if node is self.first else self.first

    def by_role(self, role):
        for node in self.nodes():
            if node.running() and node.replication().get("role") == role:
                return node
        raise AssertionError("no node says role %s" % role)

    @staticmethod
    def await_in_sync(master, slave, limit_s=10.0):
        slave.await_state("SLAVE", limit_s)
        master.await_state("MASTER", limit_s)


@atexit.register
def _destroy_all():
    for node in list(_nodes):
        node.destroy()


def _end_on_sigterm(*_):
    """Bazel's time-out sends SIGTERM first. An exception would end one test only."""
    for node in list(_nodes):
        if node.running():
            node.process.kill()
    os._exit(143)


signal.signal(signal.SIGTERM, _end_on_sigterm)
