"""Runs one drill: starts the pair and the clients, does the steps, keeps what happened.

The steps themselves are in steps.py, judging is elsewhere (outcome.py, verdict.py). Whatever goes
wrong, all processes are gone when run() returns. Times are time.monotonic(), which all processes of
the machine share.
"""

import os
import shutil
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, List, Optional, TextIO

from deploy.drill.fault_proxy import FaultProxy
from deploy.drill.journal import Times
from deploy.drill.load import LoadPlan, Observed
from deploy.drill.scenario import NODES, Scenario
from deploy.drill.seat import Seat
from deploy.drill.workload import Workload
from deploy.node.guard import Guard
from deploy.node.ports import LOOPBACK, free_ports
from deploy.node.process import NodeSpec

_START_LIMIT_S = 10.0
_TURN_S = 0.005
_PORT_TAKEN = "Address already in use"

Note = Callable[[str], None]


class StepFailed(Exception):
    """A step did not come about in its time; the steps after it are not done."""


class DrillSkipped(Exception):
    """The drill cannot be done here, or not with this binary; says why."""


@dataclass(frozen=True)
class Settings:
    binary: Path
    guard: Guard
    connections: Optional[int] = None
    node_options: List[str] = field(default_factory=list)
    log_folder: Optional[Path] = None
    history: Optional[Path] = None
    log_prefix: str = ""


@dataclass
class Fault:
    """survivor is the node that must carry on. A fault that is over at once ends as it begins."""

    what: str
    survivor: str
    when: float
    ended: float
    resident_mb: float = 0.0


class Drill:
    """Times are None until it has come to them."""

    def __init__(self, scenario: Scenario, settings: Settings, note: Note) -> None:
        self.scenario = scenario
        self.settings = settings
        self.faults: List[Fault] = []
        # When every complete copy was destroyed: between the first and the second time.
        self.wipes: List[Times] = []
        # When both nodes served alone.
        self.forks: List[Times] = []
        self.failures: List[str] = []
        self.skipped = ""
        self.observed: Optional[Observed] = None
        self.began = time.monotonic()
        self.load_began = self.load_ended = 0.0
        self.note = note
        self.workload = Workload()
        self._own_history = tempfile.NamedTemporaryFile(prefix="drill-", suffix=".history")
        self.history = settings.history or Path(self._own_history.name)
        self.history.write_text("", encoding="ascii")
        ports = free_ports(3 * len(NODES))  # At once, so that no two are the same.
        self._client_ports, self._replication_ports = ports[0:2], ports[2:4]
        self.proxy: Optional[FaultProxy] = None
        if scenario.pair.replication == "proxy":
            self.proxy = FaultProxy(dict(zip(NODES, self._replication_ports)),
                                    dict(zip(NODES, ports[4:6])))
        self.seats = {spec.name: Seat(spec, settings.guard, self._open_log(spec.name))
                      for spec in self._specs()}

    def run(self, do_steps: Callable[["Drill"], None], examine: Callable[["Drill"], None]) -> None:
        """examine is called once after the load, while the nodes that survived still run."""
        try:
            self._start()
            self._start_load()
            self._do_steps(do_steps)
            self.load_ended = time.monotonic()
            self.observed = self.workload.stop(self.wipes, self.forks)
            examine(self)
        except StepFailed as error:
            self.failures.append(str(error))
        except DrillSkipped as reason:
            self.skipped = str(reason)
        finally:
            self._close()

    def _do_steps(self, do_steps: Callable[["Drill"], None]) -> None:
        """A step that fails ends the steps; what the clients saw until then is still judged."""
        try:
            do_steps(self)
        except StepFailed as error:
            self.failures.append(str(error))

    def _close(self) -> None:
        self.workload.abandon()
        for seat in self.seats.values():
            seat.close()
        if self.proxy is not None:
            self.proxy.close()
        self._own_history.close()

    # Start.

    def _specs(self) -> List[NodeSpec]:
        plan = self.scenario.pair
        specs = []
        for index, name in enumerate(NODES):
            peer = f"{LOOPBACK}:{self._replication_ports[1 - index]}"
            if self.proxy is not None:
                peer = f"{LOOPBACK}:{self.proxy.ports[name]}"
            elif plan.replication == "shared":
                peer = LOOPBACK
            port = self._replication_ports[0 if plan.replication == "shared" else index]
            specs.append(NodeSpec(name, self.settings.binary, self._client_ports[index], port,
                                  peer=peer if name in plan.peers else None, threads=plan.threads,
                                  options=self.settings.node_options))
        return specs

    def _open_log(self, name: str) -> Optional[TextIO]:
        folder = self.settings.log_folder
        if folder is None:
            return None
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.scenario.name}{self.settings.log_prefix}-{name}.log"
        return open(path, "w", encoding="utf-8", buffering=1)

    def _start(self) -> None:
        for name, seat in self.seats.items():
            self.note(f"start {name}: {seat.spec.command_line()}")
            self.start(name)
            self.wait_for(f"{name} answers on its client port",
                          lambda seat=seat: seat.role is not None, _START_LIMIT_S)
        self.wait_for("the nodes are paired", self.paired, _START_LIMIT_S)

    def _start_load(self) -> None:
        sizes = self.scenario.load
        writers = self.settings.connections or sizes.writers
        self.load_began = time.monotonic()
        self.workload.start(LoadPlan(self._client_ports, str(self.history), writers, sizes.readers,
                                     sizes.flood_per_s, sizes.pace_ms / 1000.0,
                                     sizes.patience_ms / 1000.0))

    def keep_history(self) -> Path:
        """A copy that outlives the drill."""
        handle, kept = tempfile.mkstemp(prefix=f"drill-{self.scenario.name}-", suffix=".history")
        os.close(handle)
        shutil.copyfile(self.history, kept)
        return Path(kept)

    # For the steps.

    def start(self, name: str) -> None:
        self.seats[name].start()
        if self.proxy is not None:
            self.proxy.set_present(name, True)

    def kill(self, name: str) -> None:
        self.seats[name].kill()
        if self.proxy is not None:
            self.proxy.set_present(name, False)

    def find(self, role: str) -> str:
        """The name of the node that has this role."""
        for name, seat in self.seats.items():
            if seat.role == role:
                return name
        raise StepFailed(f"no node is {role} ({self._states()})")

    def paired(self) -> bool:
        return sorted(seat.state or "" for seat in self.seats.values()) == ["MASTER", "SLAVE"]

    def pass_time(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._check_lives()
            time.sleep(min(_TURN_S, max(0.0, end - time.monotonic())))

    def wait_for(self, what: str, true: Callable[[], bool], seconds: float) -> None:
        end = time.monotonic() + seconds
        while not true():
            if time.monotonic() > end:
                raise StepFailed(f"after {seconds:g} s it was not so that {what} "
                                 f"({self._states()})")
            self._check_lives()
            time.sleep(_TURN_S)

    def _states(self) -> str:
        return ", ".join(f"{name} {seat.state or 'silent'}" for name, seat in self.seats.items())

    def _check_lives(self) -> None:
        for name, seat in self.seats.items():
            death = seat.died()
            if death is not None:
                seat.kill()
                if not self.load_began and any(_PORT_TAKEN in line for _, line in seat.lines):
                    raise DrillSkipped(f"somebody else took a port of {name} meanwhile")
                raise StepFailed(f"{name} ended by itself: {death}")
