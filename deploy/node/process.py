"""One twincached process: its command line, its lines, its signals and its end.

Owned by the program that started it. A node runs in a session of its own, so a Ctrl-C in the
terminal reaches only that program, which then stops its nodes by pid.
"""

import os
import shlex
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, List, Optional

from deploy.node.guard import Guard, die_with_parent
from deploy.node.ports import LOOPBACK

# Called from a thread of the node: the line without its end, and time.monotonic() of its arrival.
LineSink = Callable[[str, float], None]


@dataclass(frozen=True)
class NodeSpec:
    """What a node is started with; peer is None or host[:port]."""

    name: str
    binary: Path
    port: int
    replication_port: int
    peer: Optional[str] = LOOPBACK
    memory_mb: int = 64
    threads: int = 1
    options: List[str] = field(default_factory=list)

    def command(self) -> List[str]:
        line = [str(self.binary), "-p", str(self.port), "-U", "0", "-l", LOOPBACK,
                "-t", str(self.threads), "-m", str(self.memory_mb), "-v"]
        if os.geteuid() == 0 and not _names_user(self.options):
            line += ["-u", "nobody"]
        if self.peer is not None:
            line += ["-x", self.peer]
        return line + ["-X", str(self.replication_port)] + self.options

    def command_line(self) -> str:
        """To be pasted into a shell."""
        return shlex.join(self.command())


def _names_user(options: List[str]) -> bool:
    return any(option.startswith("-u") or option.split("=")[0] == "--user" for option in options)


class NodeProcess:
    """REQUIRES: created by the main thread (a parent-death signal follows the creating thread)."""

    def __init__(self, spec: NodeSpec, guard: Guard, on_line: LineSink) -> None:
        self.spec = spec
        self._process = subprocess.Popen(
            spec.command(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True, preexec_fn=die_with_parent)
        guard.watch(self._process.pid)
        self._reader = threading.Thread(target=self._read, args=(on_line,), daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def alive(self) -> bool:
        return self._process.poll() is None

    def send(self, number: signal.Signals) -> None:
        """No effect on a node that has ended."""
        self._process.send_signal(number)

    def wait(self, seconds: float) -> bool:
        """Returns True once the node has ended and its last line was handed on."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        self._reader.join(1.0)
        return True

    def kill(self) -> None:
        """SIGKILL and wait; also right for a stopped or ended node."""
        self.send(signal.SIGKILL)
        self.wait(10.0)

    def exit_status(self) -> Optional[int]:
        """None while it runs, negative for a signal."""
        return self._process.poll()

    def exit_text(self) -> str:
        status = self._process.poll()
        if status is None:
            return "runs"
        if status >= 0:
            return f"exited with status {status}"
        return f"was ended by {signal.Signals(-status).name}"

    def _read(self, on_line: LineSink) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            on_line(line.decode("utf-8", "replace").rstrip("\r\n"), time.monotonic())
