"""Clients that count on both nodes of a pair at once, and see at once when something is wrong: an
error, a number lost or counted twice, an old value at the other node, a reply out of turn."""

import itertools
import threading
import time

from tests.e2e.nodes import TIME_SCALE
from tests.e2e.wire import Closed, Timeout

COUNTERS_PER_NODE = 3
PIPELINE = 10


_loads = itertools.count()  # Each has keys of its own: an outcome unknown may come late.


class Load:
    """Clients of both nodes, one thread each. What went wrong is in `wrong`, one line each."""

    def __init__(self, pair, tolerant=False):
        self._pair = pair
        self._tolerant = tolerant
        self._ends = threading.Event()
        self._lock = threading.Lock()
        self.wrong = []
        self.answered_at = []  # Of changes, in seconds.
        self.counts = {}  # key: (acknowledged, sent) increments.
        self._threads = []
        load = next(_loads)
        for number in range(COUNTERS_PER_NODE):
            for index, node in enumerate(pair.nodes()):
                key = "count-%d-%d-%d" % (load, index, number)
                self._threads.append(threading.Thread(
                    target=self._run, args=(self._count, node, key)))
        for index, node in enumerate(pair.nodes()):
            self._threads.append(threading.Thread(
                target=self._run, args=(self._pipeline, node, "pipe-%d-%d" % (load, index))))

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._ends.set()
        for thread in self._threads:
            thread.join()

    def longest_gap_ms(self, begin, end):
        """Without an answered change that touches this time."""
        with self._lock:
            times = sorted(at for at in self.answered_at if begin - 1 <= at <= end + 1)
        return max((1000 * (b - a) for a, b in zip(times, times[1:]) if b > begin and a < end),
                   default=0.0)

    def _run(self, work, node, key):
        try:
            with node.client(timeout_s=10 * TIME_SCALE) as client, \
                    self._pair.other(node).client(timeout_s=10 * TIME_SCALE) as reader:
                work(client, reader, key)
        except (OSError, Closed, Timeout, AssertionError, ValueError) as error:
            if not self._tolerant:
                self.wrong.append("%s: %r" % (key, error))

    def _count(self, client, reader, key):
        """Adds one, again and again; the other node shows it from then on."""
        count = 0
        if client.set(key, b"0") != "STORED":
            raise AssertionError("the first set failed")
        while not self._ends.is_set():
            self.counts[key] = (count, count + 1)
            answer = client.ask("incr %s 1" % key)
            if answer != str(count + 1):
                raise AssertionError("incr of %d answered %r" % (count, answer))
            count += 1
            self.counts[key] = (count, count)
            with self._lock:
                self.answered_at.append(time.monotonic())
            seen = reader.get(key)
            if seen is None or int(seen) != count:
                raise AssertionError("%d was answered, the other node shows %r" % (count, seen))

    def _pipeline(self, client, _, key):
        """Several at once; the answers come in the order of the requests."""
        count = 0
        if client.set(key, b"0") != "STORED":
            raise AssertionError("the first set failed")
        while not self._ends.is_set():
            client.send(b"".join(b"incr %s 1\r\nget %s\r\n" % (key.encode(), key.encode())
                                 for _ in range(PIPELINE)))
            for _ in range(PIPELINE):
                count += 1
                expected = b"%d" % count
                lines = [client.read_line() for _ in range(4)]
                if lines[0] != expected or lines[2].strip() != expected or lines[3] != b"END":
                    raise AssertionError("at %d: %r" % (count, lines))
