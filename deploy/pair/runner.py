"""Starts the two nodes of a pair, shows their lines, and stops them.

One thread waits for signals and for the ends of the nodes; each node's lines arrive on a thread of
its own and are written whole. The runner restarts nothing: it says how to.
"""

import os
import select
import signal
import sys
import threading
import time
from typing import Callable, Dict, List, Optional

from deploy.node.guard import Guard
from deploy.node.ports import LOOPBACK
from deploy.node.probe import answers, replication_stats
from deploy.node.process import NodeProcess, NodeSpec

_START_LIMIT_S = 10.0
_PAIR_LIMIT_S = 15.0
_STOP_LIMIT_S = 6.0
_POLL_S = 0.05
_COLOURS = {"a": "\033[36m", "b": "\033[33m"}
_PLAIN = "\033[0m"
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Console:
    """Writes whole lines; colours only on a terminal, and not where NO_COLOR is set."""

    def __init__(self) -> None:
        self._coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        self._lock = threading.Lock()

    def node_line(self, name: str, line: str) -> None:
        text = f"{name} | {line}"
        if self._coloured:
            text = f"{_COLOURS[name]}{name} |{_PLAIN} {line}"
        self._write(text)

    def say(self, text: str) -> None:
        for line in text.splitlines():
            self._write(f"pair: {line}" if line else "")

    def _write(self, text: str) -> None:
        with self._lock:
            try:
                print(text, flush=True)
            except BrokenPipeError:
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class PairRunner:
    """run() once; it returns the exit status of the program."""

    def __init__(self, specs: List[NodeSpec]) -> None:
        self._specs = specs
        self._guard = Guard()
        self._console = Console()
        self._nodes: Dict[str, NodeProcess] = {}
        self._ended: Dict[str, int] = {}
        self._start_failed = False
        self._stops = 0
        self._wake_up, self._woken = os.pipe()

    def run(self) -> int:
        self._catch_signals()
        try:
            if self._start():
                self._watch()
            return self._stop()
        finally:
            for node in self._nodes.values():
                node.kill()
            self._guard.close()

    def _catch_signals(self) -> None:
        os.set_blocking(self._woken, False)
        os.set_blocking(self._wake_up, False)
        signal.set_wakeup_fd(self._woken, warn_on_full_buffer=False)
        for number in _STOP_SIGNALS:
            signal.signal(number, self._count_stop)

    def _count_stop(self, number: int, frame: object) -> None:
        self._stops += 1

    # Start.

    def _start(self) -> bool:
        for spec in self._specs:
            self._nodes[spec.name] = self._launch(spec)
            port = spec.port
            if not self._wait_until(lambda: answers(port), _START_LIMIT_S):
                return self._say_start_failed(spec)
        if self._wait_until(self._paired, _PAIR_LIMIT_S):
            self._console.say(self._how_to_try())
        elif not self._stops and not self._ended:
            self._console.say("the nodes serve, but are not paired yet; they go on trying")
        return True

    def _launch(self, spec: NodeSpec) -> NodeProcess:
        name = spec.name
        return NodeProcess(spec, self._guard, lambda line, now: self._console.node_line(name, line))

    def _wait_until(self, true: Callable[[], bool], seconds: float) -> bool:
        """False when the time is over, a node ended, or the person wants to stop."""
        limit = time.monotonic() + seconds
        while time.monotonic() < limit and not self._stops:
            if true():
                return True
            self._wait(_POLL_S)
            if self._note_ends():
                return False
        return False

    def _paired(self) -> bool:
        return sorted(self._state(spec) for spec in self._specs) == ["MASTER", "SLAVE"]

    def _state(self, spec: NodeSpec) -> str:
        return (replication_stats(spec.port) or {}).get("state", "")

    def _say_start_failed(self, spec: NodeSpec) -> bool:
        self._start_failed = not self._stops
        if not self._stops and not self._ended:
            self._console.say(f"node {spec.name} does not answer on port {spec.port} "
                              f"after {_START_LIMIT_S:.0f} s")
        return False

    def _how_to_try(self) -> str:
        a, b = self._specs
        pids = " ".join(f"{name}={node.pid}" for name, node in self._nodes.items())
        return (f"paired: clients on {LOOPBACK}:{a.port} (a) and {LOOPBACK}:{b.port} (b), "
                f"replication on {a.replication_port}, pids {pids}\n"
                "try it in another terminal: set on one node, get on the other\n"
                f"  telnet {LOOPBACK} {a.port}    then type:  set key1 0 0 5  and  hello\n"
                f"  telnet {LOOPBACK} {b.port}    then type:  get key1\n"
                f"kill one of them (kill -9 {self._nodes['a'].pid}) and get key1 again; "
                "Ctrl-C stops both")

    # Run.

    def _watch(self) -> None:
        while not self._stops and len(self._ended) < len(self._nodes):
            self._wait(None)
            self._note_ends()

    def _wait(self, seconds: Optional[float]) -> None:
        """Until a signal, the end of a node, or the time."""
        ends = [os.pidfd_open(node.pid) for name, node in self._nodes.items()
                if name not in self._ended and node.alive()]
        try:
            alive = len(self._nodes) - len(self._ended)
            if len(ends) == alive:
                select.select(ends + [self._wake_up], [], [], seconds)
            self._drain_wake_ups()
        finally:
            for pidfd in ends:
                os.close(pidfd)

    def _drain_wake_ups(self) -> None:
        try:
            os.read(self._wake_up, 512)
        except BlockingIOError:
            return

    def _note_ends(self) -> bool:
        """Tells about nodes that ended by themselves; True if there was one."""
        fresh = [name for name, node in self._nodes.items()
                 if name not in self._ended and not node.alive()]
        for name in fresh:
            self._nodes[name].wait(1.0)
            self._ended[name] = self._nodes[name].exit_status() or 0
            self._console.say(self._about_end(name))
        return bool(fresh)

    def _about_end(self, name: str) -> str:
        node = self._nodes[name]
        text = f"node {name} (pid {node.pid}) {node.exit_text()}"
        others = [other for other in self._nodes if other not in self._ended]
        if not others:
            return text
        return (f"{text}; node {others[0]} goes on serving on port "
                f"{self._nodes[others[0]].spec.port}\n"
                f"to start {name} again, in another terminal:\n  {node.spec.command_line()}")

    # Stop.

    def _stop(self) -> int:
        stops = max(self._stops, 1)
        names = [name for name in self._nodes if name not in self._ended]
        names.sort(key=lambda name: self._state(self._nodes[name].spec) != "SLAVE")
        unclean = [name for name in names if not self._stop_node(name, stops)]
        for name in names:
            self._console.say(f"node {name} {self._nodes[name].exit_text()}")
        return 1 if self._start_failed or unclean or not names else 0

    def _stop_node(self, name: str, stops: int) -> bool:
        """Asks it to end; False if it had to be killed or ended with an error."""
        node = self._nodes[name]
        self._console.say(f"stopping {name} (Ctrl-C again kills)")
        node.send(signal.SIGTERM)
        limit = time.monotonic() + _STOP_LIMIT_S
        while time.monotonic() < limit and self._stops <= stops:
            if node.wait(_POLL_S):
                return node.exit_status() == 0
        self._console.say(f"killing {name}")
        node.kill()
        return False
