"""Counts a server's system calls per request in a short run of its own.

A run of its own, because counting costs time: it would spoil the CPU of the measured rounds. `perf`
counts the kernel's tracepoint raw_syscalls:sys_enter, which slows a call by some 0.1 us; it needs
root, or perf_event_paranoid <= -1 and a readable tracefs. Else `strace -c -f`, which stops the
server at each call: it is so slow then that more requests wait at every wake-up, so what a server
does once for many of them (epoll_wait, io_uring_enter) is counted too low.
"""

import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import List, Optional

from tests.bench.load_program import Load, Report, read_report
from tests.bench.servers import BenchError, Contender, wait_for_end

_TRACEPOINT = "raw_syscalls:sys_enter"
_SECONDS = 1.0
_ATTACH_SECONDS = 0.5
_NAMES = {"perf": "perf stat", "strace": "strace -c"}


def counting_tool() -> Optional[str]:
    """perf where it may count, else strace where it is installed, else None."""
    if shutil.which("perf"):
        tried = subprocess.run(["perf", "stat", "-x,", "-e", _TRACEPOINT, "true"],
                               capture_output=True, text=True, timeout=20, check=False)
        if tried.returncode == 0 and perf_count(tried.stderr) is not None:
            return "perf"
    return "strace" if shutil.which("strace") else None


def tool_name(tool: Optional[str]) -> str:
    """What the table's head says."""
    return _NAMES[tool] if tool else "not counted: no perf that may, no strace"


class CallCounter:
    """Counts with one tool. `connections` are those of the load."""

    def __init__(self, tool: str, load: Load, connections: int) -> None:
        self._tool = tool
        self._load = load
        self._flags = ["--connections", str(connections), "--warmup", "0"]

    def per_request(self, contender: Contender, flags: List[str]) -> float:
        """Of all threads of the servers that get the load, opening connections included."""
        pids = ",".join(str(server.pid) for server in contender.loaded_servers())
        command = self._load.command(contender.ports(), "--seconds", str(_SECONDS), "--json",
                                     *self._flags, *flags)
        with tempfile.TemporaryDirectory(prefix="twincached-calls-") as folder:
            output = Path(folder, "counts")
            if self._tool == "perf":
                command = ["perf", "stat", "-x,", "-e", _TRACEPOINT, "-o", str(output), "-p",
                           pids, "--", *command]
                report = self._run(command)
                count = perf_count(output.read_text(encoding="utf-8"))
            else:
                report = self._run_under_strace(command, pids, output)
                count = strace_count(output.read_text(encoding="utf-8"))
        if count is None or report["requests"] == 0:
            raise BenchError(f"{_NAMES[self._tool]} counted nothing of process {pids}")
        return count / report["requests"]

    @staticmethod
    def _run(command: List[str]) -> Report:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        return read_report(done.returncode, done.stdout, done.stderr)

    def _run_under_strace(self, command: List[str], pids: str, output: Path) -> Report:
        watching = ["strace", "-c", "-f", "-U", "calls,name", "-o", str(output), "-p", pids]
        with subprocess.Popen(watching, stderr=subprocess.DEVNULL) as strace:
            try:
                if wait_for_end(strace, _ATTACH_SECONDS):
                    raise BenchError(f"strace may not look at process {pids}")
                report = self._run(command)
            finally:
                strace.send_signal(signal.SIGINT)
                wait_for_end(strace, 10)
                time.sleep(0.1)
        return report


def perf_count(text: str) -> Optional[int]:
    """The count in the output of `perf stat -x,`; None where nothing was counted."""
    for line in text.splitlines():
        fields = line.split(",")
        if _TRACEPOINT in fields and fields[0].isdigit():
            return int(fields[0])
    return None


def strace_count(text: str) -> Optional[int]:
    """The total in the summary of `strace -c -U calls,name`."""
    total = re.search(r"^\s*(\d+)\s+total$", text, re.MULTILINE)
    return int(total.group(1)) if total else None
