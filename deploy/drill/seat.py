"""One of the two places of a pair: its node comes and goes, its ports and its log stay."""

import os
import signal
import threading
from collections import deque
from pathlib import Path
from typing import Deque, List, Optional, TextIO, Tuple

from deploy.node.guard import Guard
from deploy.node.probe import replication_stats
from deploy.node.process import NodeProcess, NodeSpec

_LINES_MAX = 20_000
_POLL_S = 0.02
_ANSWER_LIMIT_S = 0.3
_STOP_LIMIT_S = 5.0


class Seat:
    """start, kill, terminate, freeze from one thread; a second thread watches the role."""

    def __init__(self, spec: NodeSpec, guard: Guard, log: Optional[TextIO]) -> None:
        self.spec = spec
        self.lines: Deque[Tuple[float, str]] = deque(maxlen=_LINES_MAX)
        self.exits: List[int] = []
        self.promotions = 0
        self.role: Optional[str] = None
        self.state: Optional[str] = None
        self._guard = guard
        self._log = log
        self._node: Optional[NodeProcess] = None
        self._closing = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._lock = threading.Lock()
        self._incarnation = 0

    def start(self) -> None:
        """REQUIRES: no node runs here."""
        assert self._node is None
        self._node = NodeProcess(self.spec, self._guard, self._take_line)
        if not self._watcher.is_alive():
            self._watcher.start()

    def occupied(self) -> bool:
        """A node was started here and nobody ended it on purpose."""
        return self._node is not None

    def died(self) -> Optional[str]:
        """How the node ended if it ended by itself, else None."""
        if self._node is None or self._node.alive():
            return None
        return self._node.exit_text()

    def strike(self) -> None:
        """kill -9, without waiting for the end; kill() comes after it."""
        if self._node is not None:
            self._node.send(signal.SIGKILL)

    def kill(self) -> None:
        if self._node is not None:
            self._node.kill()
            self._leave()

    def ask_to_stop(self) -> bool:
        """SIGTERM; False if the node did not end in time and was killed."""
        if self._node is None:
            return True
        self._node.send(signal.SIGTERM)
        ended = self._node.wait(_STOP_LIMIT_S)
        if not ended:
            self._node.kill()
        self._leave()
        return ended

    def freeze(self) -> None:
        if self._node is not None:
            self._node.send(signal.SIGSTOP)

    def thaw(self) -> None:
        if self._node is not None:
            self._node.send(signal.SIGCONT)

    def pid(self) -> int:
        """REQUIRES: occupied."""
        assert self._node is not None
        return self._node.pid

    def resident_mb(self) -> float:
        """REQUIRES: occupied."""
        pages = int(Path(f"/proc/{self.pid()}/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGESIZE") / (1 << 20)

    def close(self) -> None:
        """Ends everything here."""
        self._closing.set()
        self.kill()
        if self._watcher.is_alive():
            self._watcher.join()
        if self._log is not None:
            self._log.close()

    def first_line_after(self, text: str, after: float, until: float) -> Optional[float]:
        """When the first line that contains the text arrived in that time."""
        times = (when for when, line in list(self.lines) if after <= when <= until and text in line)
        return next(times, None)

    def _leave(self) -> None:
        assert self._node is not None
        self.exits.append(self._node.exit_status() or 0)
        with self._lock:
            self._node = None
            self._incarnation += 1
            self.role = self.state = None

    def _take_line(self, line: str, now: float) -> None:
        self.lines.append((now, line))
        if self._log is not None and not self._log.closed:
            self._log.write(f"{now:.4f} {line}\n")

    def _watch(self) -> None:
        """Notes role and state; a change from SLAVE to MASTER of one process is a promotion."""
        while not self._closing.wait(_POLL_S):
            incarnation = self._incarnation
            stats = replication_stats(self.spec.port, _ANSWER_LIMIT_S) or {}
            with self._lock:
                if incarnation == self._incarnation:
                    self._note(stats.get("role"), stats.get("state"))

    def _note(self, role: Optional[str], state: Optional[str]) -> None:
        self.state = state
        if role is None:
            return
        if self.role == "SLAVE" and role == "MASTER":
            self.promotions += 1
        self.role = role
