"""Runs the load generator (tests/bench/load) and reads its JSON report."""

import json
import subprocess
from pathlib import Path
from typing import Any, Dict, List, Union

from tests.bench.servers import BenchError, LOOPBACK

Report = Dict[str, Any]
# One port, or several with commas between them, among which the connections are dealt out.
Ports = Union[int, str]

_EXIT_WRONG_REPLIES = 2


class Load:
    """The generator with the key space and the values that every server of a run gets."""

    def __init__(self, binary: Path, keys: int, value_bytes: int) -> None:
        self._binary = binary
        self._common = ["--host", LOOPBACK, "--keys", str(keys), "--value-size", str(value_bytes)]

    def command(self, ports: Ports, *flags: str) -> List[str]:
        return [str(self._binary), "--port", str(ports), *self._common, *flags]

    def prefill(self, port: int) -> None:
        """Sets every key once. Raises BenchError when a reply is wrong."""
        command = self.command(port, "--prefill", "--seconds", "0")
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode != 0:
            raise BenchError(done.stderr.strip() or f"load ended with {done.returncode}")

    def measure(self, ports: Ports, seconds: float, *flags: str) -> Report:
        """One measured run. Raises BenchError when it cannot run or a reply is wrong."""
        command = self.command(ports, "--seconds", str(seconds), "--json", *flags)
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60,
                              check=False)
        return read_report(done.returncode, done.stdout, done.stderr)

    def start(self, port: int, seconds: float, *flags: str) -> subprocess.Popen:
        """Starts a run that SIGTERM may end early; read_report reads what it printed."""
        command = self.command(port, "--seconds", str(seconds), "--json", *flags)
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def read_report(exit_status: int, output: str, errors: str) -> Report:
    """Raises BenchError unless the run ended well and every reply was right."""
    if exit_status not in (0, _EXIT_WRONG_REPLIES):
        raise BenchError(errors.strip() or f"load ended with {exit_status}")
    report = json.loads(output)
    if report["errors"] > 0:
        raise BenchError(f"{report['errors']} wrong replies, the first: {report['first_error']}")
    return report
