"""The servers under comparison: stock memcached, the floor, a solo twincached, a pair.

Each runs on free loopback ports with equal memory, and one thread unless told otherwise. Whoever
starts one stops it, by pid, and calls stop_on_signals() first, so that SIGTERM ends the program
like Ctrl-C does.
"""

import os
import random
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Dict, List, Optional, Tuple

LOOPBACK = "127.0.0.1"
MEMORY_MB = 1024
_START_SECONDS = 10.0
_STOP_SECONDS = 5.0
_POLL_SECONDS = 0.002


class BenchError(Exception):
    """A failure that is told to the person as one line."""


def stop_on_signals() -> None:
    """SIGTERM and SIGHUP raise KeyboardInterrupt, so every started server is stopped."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)


def free_port() -> int:
    """A port that was free a moment ago, below the kernel's range for outgoing connections."""
    for _ in range(1000):
        port = random.randint(10240, 32000)
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            try:
                probe.bind((LOOPBACK, port))
                return port
            except OSError:
                continue
    raise BenchError("no free port between 10240 and 32000")


def ask(port: int, command: str, ends: Tuple[bytes, ...] = (b"\r\n",)) -> str:
    """Sends one command, returns the reply up to and with one of `ends`. Raises OSError."""
    with socket.create_connection((LOOPBACK, port), timeout=2.0) as client:
        client.sendall(command.encode() + b"\r\n")
        reply = b""
        while not reply.endswith(ends):
            piece = client.recv(65536)
            if not piece:
                raise ConnectionError("closed in the middle of a reply")
            reply += piece
    return reply.decode("ascii", "replace")


def stats(port: int, which: str = "") -> Dict[str, str]:
    """The `STAT name value` lines of `stats` or `stats <which>`; empty for an error answer."""
    reply = ask(port, f"stats {which}".strip(), (b"END\r\n", b"ERROR\r\n"))
    words = [line.split(" ", 2) for line in reply.split("\r\n")]
    return {line[1]: line[2] for line in words if len(line) == 3 and line[0] == "STAT"}


def wait_for_end(process: subprocess.Popen, seconds: float) -> bool:
    """Whether the process ends by itself within so long."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def memcached_binary(override: Optional[str]) -> Path:
    path = caller_path(override or shutil.which("memcached") or "/usr/bin/memcached")
    if not path.is_file() or not os.access(path, os.X_OK):
        what = f"{path} is not a program" if override else "memcached is not installed"
        raise BenchError(f"{what}, and there is nothing to compare with: "
                         "apt-get install memcached, or --memcached PATH")
    return path


def caller_path(path: str) -> Path:
    """A path as the person typed it: `bazel run` changes the directory, so undo that."""
    return Path(os.environ.get("BUILD_WORKING_DIRECTORY", os.getcwd()), path).absolute()


def program(override: Optional[str], runfile: str, flag: str) -> Path:
    """The program named by a flag, else the one among the runfiles, else the one in bazel-bin."""
    tree = Path(__file__).absolute().parents[2]
    paths = [caller_path(override)] if override else [tree / runfile, tree / "bazel-bin" / runfile]
    for path in paths:
        if path.is_file() and os.access(path, os.X_OK):
            return path
    raise BenchError(f"no program {paths[-1]}: build it (./bazelw build -c opt //...) or name it "
                     f"with {flag} PATH")


def poller_flags(binary: Path, poller: str) -> List[str]:
    """The flag that makes a twincached use this poller; empty for one that has no choice."""
    text = subprocess.run([str(binary), "-h"], capture_output=True, text=True, timeout=10,
                          check=False).stdout
    return [f"--poller={poller}"] if "--poller" in text else []


@dataclass
class Server:
    """One running process."""

    name: str
    command: List[str]
    port: int
    process: subprocess.Popen
    log_path: str
    started: float  # time.monotonic() just before the process was made

    @property
    def pid(self) -> int:
        return self.process.pid

    def command_line(self) -> str:
        return shlex.join(self.command)

    def version(self) -> str:
        return ask(self.port, "version").strip()

    def wait_for(self, what: str, is_reached: Callable[[], bool], seconds: float) -> float:
        """Polls until it is reached; returns time.monotonic() of then."""
        limit = time.monotonic() + seconds
        while time.monotonic() < limit:
            if self.process.poll() is not None:
                raise BenchError(f"{self.name} ended with {self.process.returncode} before {what}: "
                                 f"{self._log_tail()} ({self.command_line()})")
            try:
                if is_reached():
                    return time.monotonic()
            except OSError:
                pass
            time.sleep(_POLL_SECONDS)
        raise BenchError(f"{self.name}: no {what} within {seconds:.0f} s: {self._log_tail()} "
                         f"({self.command_line()})")

    def wait_until_it_answers(self) -> float:
        return self.wait_for("answer to `version`", lambda: self.version().startswith("VERSION"),
                             _START_SECONDS)

    def wait_for_state(self, state: str, seconds: float = _START_SECONDS) -> float:
        return self.wait_for(f"state {state}",
                             lambda: stats(self.port, "replication").get("state") == state, seconds)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        Path(self.log_path).unlink(missing_ok=True)

    def _log_tail(self) -> str:
        lines = Path(self.log_path).read_text("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else "it printed nothing"


def launch(name: str, binary: Path, options: List[str], memory_mb: int = MEMORY_MB) -> Server:
    """Starts a server on a free client port; does not wait for it. `options` may say -t again."""
    port = free_port()
    command = [str(binary), "-p", str(port), "-U", "0", "-l", LOOPBACK, "-m", str(memory_mb)]
    if "-t" not in options:
        command += ["-t", "1"]
    if os.geteuid() == 0:
        command += ["-u", "nobody"]
    return launch_command(name, command + options, port)


def launch_command(name: str, command: List[str], port: int) -> Server:
    descriptor, log_path = tempfile.mkstemp(prefix="twincached-bench-")
    started = time.monotonic()
    with os.fdopen(descriptor, "wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                   start_new_session=True)
    return Server(name, command, port, process, log_path, started)


@dataclass
class Contender:
    """What one line of the comparison is about: the server that gets the load, and its peer.

    Or, `are_equals`, servers that know nothing of each other and share the load's connections.
    """

    name: str
    servers: List[Server] = field(default_factory=list)
    are_equals: bool = False

    @property
    def loaded(self) -> Server:
        return self.servers[0]

    def loaded_servers(self) -> List[Server]:
        return self.servers if self.are_equals else self.servers[:1]

    def ports(self) -> str:
        """All that get the load, as `load --port` takes them."""
        return ",".join(str(server.port) for server in self.loaded_servers())

    def pids(self) -> str:
        return ",".join(str(server.pid) for server in self.servers)

    def stop(self) -> None:
        for server in self.servers:
            server.stop()


def start_one(name: str, binary: Path, options: Tuple[str, ...] = (),
              memory_mb: int = MEMORY_MB) -> Contender:
    """One server alone. A twincached gets its replication port in `options`."""
    contender = Contender(name, [launch(name, binary, list(options), memory_mb)])
    return _ready(contender, contender.loaded.wait_until_it_answers)


def start_floors(name: str, binary: Path, poller: str, processes: int) -> Contender:
    """Bare loops (tests/bench/floor). Raises BenchError where the kernel has no io_uring."""
    contender = Contender(name, are_equals=True)
    for number in range(processes):
        port = free_port()
        command = [str(binary), "--port", str(port), "--poller", poller]
        own_name = name if processes == 1 else f"{name}, number {number + 1}"
        contender.servers.append(launch_command(own_name, command, port))
        _ready(contender, contender.servers[-1].wait_until_it_answers)
    return contender


def start_pair(name: str, binary: Path, options: Tuple[str, ...] = (),
               memory_mb: int = MEMORY_MB) -> Contender:
    """Two nodes with one replication port; the first one is master."""
    options = ["-x", LOOPBACK, "-X", str(free_port()), *options]
    contender = Contender(name, [launch(f"{name}, first node", binary, options, memory_mb)])
    _ready(contender, contender.loaded.wait_until_it_answers)
    contender.servers.append(launch(f"{name}, second node", binary, options, memory_mb))
    _ready(contender, lambda: contender.servers[0].wait_for_state("MASTER"))
    return _ready(contender, lambda: contender.servers[1].wait_for_state("SLAVE"))


def _ready(contender: Contender, wait: Callable[[], object]) -> Contender:
    try:
        wait()
    except BaseException:
        contender.stop()
        raise
    return contender
