"""Runs a server under valgrind's callgrind and reads how many instructions it executed.

Two things make the figures the same on other machines. glibc picks its string functions by what the
CPU can do: GLIBC_TUNABLES makes it pick those of the plainest x86-64. And symbols are bound at
start (LD_BIND_NOW), not at their first call.
"""

import os
import re
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, Iterable, List

from tests.bench.servers import LOOPBACK, BenchError, Server, free_port

_PLAIN_CPU = ",".join(f"-{feature}" for feature in (
    "AVX", "AVX2", "AVX_Fast_Unaligned_Load", "AVX512F", "AVX512VL", "AVX512BW", "BMI1", "BMI2",
    "ERMS", "FSRM", "LZCNT", "MOVBE", "SSSE3", "SSE4_1", "SSE4_2", "RTM", "XSAVEC",
    "Fast_Unaligned_Copy", "Fast_Copy_Backward", "Prefer_No_VZEROUPPER"))
# Called for each tick and each heartbeat of the peer, and never for a request.
_BY_THE_CLOCK = "twincached::replication::RoleMachine::Step("
_START_SECONDS = 90.0
_NAME = re.compile(r"\((\d+)\)(?: (.*))?")


@dataclass
class Count:
    """Of the whole life of a process: instructions by object file, and how often it did what it
    does by the clock (calls of _BY_THE_CLOCK)."""

    instructions: Dict[str, int] = field(default_factory=dict)
    clock_events: int = 0


class CountedServer(Server):
    """A twincached under callgrind, with one thread. stop_and_count() ends it."""

    def stop_and_count(self) -> Count:
        self.process.terminate()
        try:
            self.process.wait(_START_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise BenchError(f"{self.name} did not end under valgrind") from error
        found = sorted(Path(self.log_path).parent.glob("count.*"))
        if self.process.returncode != 0 or len(found) != 1:
            raise BenchError(f"{self.name} ended with {self.process.returncode} under valgrind: "
                             f"{self._log_tail()}")
        with open(found[0], encoding="utf-8") as lines:
            return read_count(lines)


def start_counted(name: str, binary: Path, folder: str, options: List[str]) -> CountedServer:
    """Starts `binary` under callgrind; its files go to a folder of its own in `folder`."""
    own = tempfile.mkdtemp(prefix="count-", dir=folder)
    port = free_port()
    command = ["valgrind", "--tool=callgrind", "--dump-line=no", "--trace-children=no",
               f"--callgrind-out-file={own}/count.%p", str(binary), "-p", str(port), "-U", "0",
               "-l", LOOPBACK, "-t", "1"]
    if os.geteuid() == 0:
        command += ["-u", "root"]
    log_path = str(Path(own, "log"))
    environment = {**os.environ, "GLIBC_TUNABLES": f"glibc.cpu.hwcaps={_PLAIN_CPU}",
                   "LD_BIND_NOW": "1"}
    started = time.monotonic()
    try:
        with open(log_path, "wb") as log:
            process = subprocess.Popen(command + options, stdin=subprocess.DEVNULL, stdout=log,
                                       stderr=log, env=environment, start_new_session=True)
    except FileNotFoundError as error:
        raise BenchError("valgrind is not installed: apt-get install valgrind") from error
    return CountedServer(name, command + options, port, process, log_path, started)


def read_count(lines: Iterable[str]) -> Count:
    """Adds up a callgrind file: every function's own cost, by base name of its object file.

    Of the format (valgrind manual, "Callgrind Format Specification") this reads: `ob=(id) name` and
    `cfn=(id) name`, where the name comes with an id's first use (`fn` and `cfn` share their ids, as
    `ob` and `cob` do); `calls=number position`, whose next line is the callee's inclusive cost and
    no own cost; and cost lines, `position cost`.
    """
    count = Count()
    objects: Dict[str, str] = {}
    functions: Dict[str, str] = {}
    current, called, skip = "?", "?", False
    for line in lines:
        key, _, value = line.partition("=")
        if key in ("ob", "cob"):
            name = Path(_resolve(objects, value)).name
            current = name if key == "ob" else current
        elif key in ("fn", "cfn"):
            name = _resolve(functions, value)
            called = name if key == "cfn" else called
        elif key == "calls":
            skip = True
            if called.startswith(_BY_THE_CLOCK):
                count.clock_events += int(value.split()[0])
        elif line[:1].isdigit() or line[:1] in ("+", "-", "*"):
            if not skip:
                cost = int(line.split()[1])
                count.instructions[current] = count.instructions.get(current, 0) + cost
            skip = False
    return count


def _resolve(names: Dict[str, str], value: str) -> str:
    number, name = _NAME.match(value.strip()).groups()
    if name:
        names[number] = name
    return names.get(number, "?")
