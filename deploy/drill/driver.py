"""Runs one drill: starts the pair and the clients, does the steps, keeps what happened.

Judging is elsewhere (outcome.py, verdict.py). Whatever goes wrong, all processes are gone when
run() returns. Times are time.monotonic(), which all processes of the machine share.
"""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, List, Optional, TextIO

from deploy.drill.load import LoadPlan, Observed
from deploy.drill.scenario import NODES, Scenario, Step
from deploy.drill.seat import Seat
from deploy.drill.workload import Workload
from deploy.node.guard import Guard
from deploy.node.ports import LOOPBACK, free_ports
from deploy.node.process import NodeSpec

_START_LIMIT_S = 10.0
_TURN_S = 0.005

Note = Callable[[str], None]


class StepFailed(Exception):
    """A step did not come about in its time; the steps after it are not done."""


@dataclass(frozen=True)
class Settings:
    binary: Path
    guard: Guard
    connections: Optional[int] = None
    node_options: List[str] = field(default_factory=list)
    log_folder: Optional[Path] = None
    log_prefix: str = ""


@dataclass
class Fault:
    """survivor is the node that must carry on."""

    what: str
    survivor: str
    when: float


class Drill:
    def __init__(self, scenario: Scenario, settings: Settings, note: Note) -> None:
        self.scenario = scenario
        self.faults: List[Fault] = []
        self.failures: List[str] = []
        self.observed: Optional[Observed] = None
        self.began = time.monotonic()
        self.load_ended = 0.0
        self._settings = settings
        self._note = note
        self._killed = ""
        self._workload: Optional[Workload] = None
        self._client_ports = free_ports(len(NODES))
        self.seats = {spec.name: Seat(spec, settings.guard, self._open_log(spec.name))
                      for spec in self._specs()}

    def run(self, examine: Callable[["Drill"], None]) -> None:
        """examine is called once after the load, while the nodes that survived still run."""
        try:
            self._start()
            self._start_load()
            self._do_steps()
            self._stop_load()
            examine(self)
        except StepFailed as error:
            self.failures.append(str(error))
        finally:
            if self._workload is not None:
                self._workload.abandon()
            for seat in self.seats.values():
                seat.close()

    # Start.

    def _specs(self) -> List[NodeSpec]:
        plan = self.scenario.pair
        shared = plan.replication == "shared"
        replication = free_ports(len(NODES))
        specs = []
        for index, name in enumerate(NODES):
            peer = LOOPBACK if shared else f"{LOOPBACK}:{replication[1 - index]}"
            specs.append(NodeSpec(name, self._settings.binary, self._client_ports[index],
                                  replication[0 if shared else index],
                                  peer=peer if name in plan.peers else None,
                                  options=self._settings.node_options))
        return specs

    def _open_log(self, name: str) -> Optional[TextIO]:
        folder = self._settings.log_folder
        if folder is None:
            return None
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.scenario.name}{self._settings.log_prefix}-{name}.log"
        return open(path, "w", encoding="utf-8", buffering=1)

    def _start(self) -> None:
        for name, seat in self.seats.items():
            self._note(f"start {name}: {seat.spec.command_line()}")
            seat.start()
            self._wait_for(f"{name} answers on its client port", lambda: seat.role is not None,
                           _START_LIMIT_S)
        self._wait_for("the nodes are paired", self._paired, _START_LIMIT_S)

    def _start_load(self) -> None:
        sizes = self.scenario.load
        writers = self._settings.connections or sizes.writers
        self._workload = Workload(LoadPlan(self._client_ports, writers, sizes.readers,
                                           sizes.pace_ms / 1000.0, sizes.patience_ms / 1000.0))

    # Steps.

    def _do_steps(self) -> None:
        """A step that fails ends the steps; what the clients saw until then is still judged."""
        try:
            for step in self.scenario.steps:
                self._note(f"{time.monotonic() - self.began:8.3f} {step.text}")
                getattr(self, "_do_" + step.verb.replace("-", "_"))(step)
        except StepFailed as error:
            self.failures.append(str(error))

    def _do_run(self, step: Step) -> None:
        self._pass_time(step.seconds)

    def _do_kill(self, step: Step) -> None:
        name = self._resolve(step.who)
        self._begin_fault(f"kill -9 {name}", name)
        self.seats[name].kill()

    def _do_term(self, step: Step) -> None:
        name = self._resolve(step.who)
        self._begin_fault(f"SIGTERM {name}", name)
        if not self.seats[name].ask_to_stop():
            self.failures.append(f"{name} did not end after SIGTERM")

    def _do_freeze(self, step: Step) -> None:
        name = self._resolve(step.who)
        self._begin_fault(f"freeze {name} for {step.seconds:g} s", name)
        self.seats[name].freeze()
        self._pass_time(step.seconds)
        self.seats[name].thaw()

    def _do_restart(self, step: Step) -> None:
        self.seats[self._resolve(step.who)].start()

    def _do_wait(self, step: Step) -> None:
        seat = self.seats[self._resolve(step.who)]
        self._wait_for(f"{seat.spec.name} is {step.role}", lambda: seat.role == step.role,
                       step.seconds)

    def _do_wait_paired(self, step: Step) -> None:
        self._wait_for("the nodes are paired", self._paired, step.seconds)

    def _do_clients_home(self, step: Step) -> None:
        assert self._workload is not None
        self._workload.send_home()

    def _stop_load(self) -> None:
        assert self._workload is not None
        self.load_ended = time.monotonic()
        self.observed = self._workload.stop()

    def _begin_fault(self, what: str, name: str) -> None:
        self._killed = name
        self.faults.append(Fault(what, _other(name), time.monotonic()))

    def _resolve(self, who: str) -> str:
        if who in ("killed", "survivor"):
            return self._killed if who == "killed" else _other(self._killed)
        if who in NODES:
            return who
        for name, seat in self.seats.items():
            if seat.role == who.upper():
                return name
        raise StepFailed(f"no node is {who} ({self._states()})")

    # Waiting.

    def _paired(self) -> bool:
        return sorted(seat.state or "" for seat in self.seats.values()) == ["MASTER", "SLAVE"]

    def _states(self) -> str:
        return ", ".join(f"{name} {seat.state or 'silent'}" for name, seat in self.seats.items())

    def _pass_time(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._check_lives()
            time.sleep(_TURN_S)

    def _wait_for(self, what: str, true: Callable[[], bool], seconds: float) -> None:
        end = time.monotonic() + seconds
        while not true():
            if time.monotonic() > end:
                raise StepFailed(f"after {seconds:g} s it was not so that {what} "
                                 f"({self._states()})")
            self._check_lives()
            time.sleep(_TURN_S)

    def _check_lives(self) -> None:
        for name, seat in self.seats.items():
            death = seat.died()
            if death is not None:
                seat.kill()
                raise StepFailed(f"{name} ended by itself: {death}")


def _other(name: str) -> str:
    return NODES[1 - NODES.index(name)]
