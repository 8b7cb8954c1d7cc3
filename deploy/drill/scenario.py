"""Drills as data: reads scenarios/NAME.toml and refuses what it does not understand.

    story = "one line for a person"
    rounds = 1                            # how often the steps are done
    long = false                          # true: not part of `all`
    needs = []                            # "root", "switchover": skipped where that is not there
    steps = [...]                         # see _GRAMMAR
    [pair]    replication = "shared"      # one replication port for both (first come first served),
                                          # "own": one each, or "proxy": one each, and a fault proxy
                                          # between them
              peers = ["a", "b"]          # the nodes that are started with -x
              threads = 1                 # -t of each node
    [load]    writers (each does one thing at a time), readers, flood_per_s (sets at node a),
              pace_ms (between two operations of a writer), patience_ms (for an answer; every second
              writer waits much longer)
    [expect]  roles = {a = "MASTER", b = "SLAVE"} (or "dead"), exits = {a = 0}, promotions, alone
              (how often a node went SOLO), snapshots (copies of everything), and of every fault
              gap_ms, first_write_ms, and from its end relink_ms (until the nodes agreed on who
              copies what) and resume_ms (until they are in sync); each is a limit, or
              {p50 = 30, p99 = 60, max = 150} over the runs

Node a is started first and is the master. `killed` and `survivor` in a step are the node of the
last fault and the other one. `destroy` is kill -9 of every complete copy: from then on, what was
there may be missing. A node that is restarted by `restart-alone` serves from nothing beside the
other one: what is read or written before the next `wait-paired` proves nothing. Every other miss of
what was acknowledged is a loss.
"""

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Optional, Union

FOLDER = Path(__file__).absolute().parent / "scenarios"
NODES = ("a", "b")

_WHO = r"(?P<who>master|slave|a|b|killed|survivor)"
_WHOM = r"(?P<who>master|slave|a|b|killed|survivor|both)"
_TIME = r"(?P<time>\d+)(?P<unit>ms|s)"
_RATE = r"(?P<rate>\d+)kB/s"
_GRAMMAR = {
    "run": re.compile(rf"run {_TIME}"),
    "kill": re.compile(rf"kill {_WHO}"),
    "destroy": re.compile(rf"destroy {_WHOM}"),
    "term": re.compile(rf"term {_WHO}"),
    "freeze": re.compile(rf"freeze {_WHOM} {_TIME}"),
    "restart": re.compile(rf"restart {_WHO}( within {_TIME})?"),
    "restart-alone": re.compile(rf"restart-alone {_WHO}"),
    "wait": re.compile(rf"wait {_WHO} (?P<role>MASTER|SLAVE|SOLO|FEED|HOLD) {_TIME}"),
    "wait-paired": re.compile(rf"wait-paired {_TIME}"),
    "clients-home": re.compile(r"clients-home"),
    "switchover": re.compile(rf"switchover {_WHO}"),
    # The machine.
    "starve-host": re.compile(rf"starve-host {_TIME}"),  # 4 busy loops a core
    "freeze-thread": re.compile(rf"freeze-thread {_WHO} {_TIME}"),  # the busiest but the main one
    # What that node sends to the other, through the proxy, until `heal`.
    "delay": re.compile(rf"delay {_WHO} {_TIME}"),
    "slow": re.compile(rf"slow {_WHO} {_RATE}"),
    "stall": re.compile(rf"stall {_WHO}"),
    "heal": re.compile(r"heal"),
    "reset-link": re.compile(r"reset-link"),
    "corrupt": re.compile(rf"corrupt {_WHO}"),
    "truncate": re.compile(rf"truncate {_WHO}"),
}
VERBS = tuple(_GRAMMAR)
# What a series of runs may be held against.
QUANTILES = {"p50": 0.5, "p99": 0.99, "max": 1.0}


class ScenarioError(Exception):
    """The file is missing or says something unknown."""


@dataclass(frozen=True)
class Step:
    verb: str
    who: str = ""
    role: str = ""
    seconds: float = 0.0
    bytes_per_s: float = 0.0
    text: str = ""


@dataclass(frozen=True)
class PairPlan:
    replication: str = "shared"
    peers: List[str] = field(default_factory=lambda: list(NODES))
    threads: int = 1


@dataclass(frozen=True)
class LoadSizes:
    writers: int = 64
    readers: int = 8
    flood_per_s: int = 0
    pace_ms: float = 0.0
    patience_ms: float = 1000.0


Limit = Union[None, int, float, Dict[str, float]]


@dataclass(frozen=True)
class Expectations:
    roles: Dict[str, str]
    promotions: Optional[int] = None
    alone: Optional[int] = None
    snapshots: Optional[int] = None
    exits: Dict[str, int] = field(default_factory=dict)
    gap_ms: Limit = None
    first_write_ms: Limit = None
    relink_ms: Limit = None
    resume_ms: Limit = None

    def limits(self, what: str) -> Dict[str, float]:
        """By quantile; empty when nothing is expected."""
        limit = getattr(self, what)
        if limit is None:
            return {}
        return limit if isinstance(limit, dict) else {"max": limit}


@dataclass(frozen=True)
class Scenario:
    name: str
    story: str
    steps: List[Step]
    pair: PairPlan
    load: LoadSizes
    expect: Expectations
    long: bool = False
    needs: List[str] = field(default_factory=list)


def names(folder: Path = FOLDER) -> List[str]:
    return sorted(path.stem for path in folder.glob("*.toml"))


def load(name: str, folder: Path = FOLDER) -> Scenario:
    path = folder / f"{name}.toml"
    if name not in names(folder):
        raise ScenarioError(f"no drill is called {name}; there are: {', '.join(names(folder))}")
    try:
        return parse(name, path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, TypeError, KeyError) as error:
        raise ScenarioError(f"{path.name}: {error}") from error


def parse(name: str, text: str) -> Scenario:
    data: Dict[str, Any] = tomllib.loads(text)
    unknown = set(data) - {"story", "rounds", "long", "needs", "steps", "pair", "load", "expect"}
    unknown |= set(data.get("needs", [])) - {"root", "switchover"}
    if unknown:
        raise ScenarioError(f"{name}: unknown {', '.join(sorted(unknown))}")
    steps = [parse_step(step) for step in data["steps"]] * data.get("rounds", 1)
    return Scenario(name, data["story"], steps, PairPlan(**data.get("pair", {})),
                    LoadSizes(**data.get("load", {})), _expectations(name, data["expect"]),
                    data.get("long", False), data.get("needs", []))


def _expectations(name: str, data: Dict[str, Any]) -> Expectations:
    expect = Expectations(**data)
    for what in ("gap_ms", "first_write_ms", "relink_ms", "resume_ms"):
        unknown = set(expect.limits(what)) - set(QUANTILES)
        if unknown:
            raise ScenarioError(f"{name}: {what}: unknown {', '.join(sorted(unknown))}")
    return expect


def parse_step(text: str) -> Step:
    for verb, form in _GRAMMAR.items():
        match = form.fullmatch(text)
        if match:
            words = match.groupdict()
            return Step(verb, words.get("who", ""), words.get("role", ""), _seconds(words),
                        1000.0 * int(words.get("rate", 0)), text)
    raise ScenarioError(f"unknown step: {text}")


def _seconds(words: Dict[str, str]) -> float:
    if words.get("time") is None:
        return 0.0
    return int(words["time"]) * (0.001 if words["unit"] == "ms" else 1.0)
