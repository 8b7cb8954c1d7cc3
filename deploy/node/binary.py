"""Finds the built programs that are started here.

Looked for in this order: what the caller was told (a flag), an environment variable, the runfiles
of the running Bazel target, bazel-bin of the checkout. Nothing is built or downloaded here.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, Optional


@dataclass(frozen=True)
class Program:
    """path is that of its target in the tree."""

    path: str
    flag: str
    variable: str

    def target(self) -> str:
        folder, _, name = self.path.rpartition("/")
        return f"//{folder}:{name}"


TWINCACHED = Program("twincached", "--binary", "TWINCACHED_BINARY")


class NodeError(Exception):
    """A failure that is told to the person as one line."""


def caller_path(path: str) -> Path:
    """A path as the person typed it: `bazel run` changes the directory, so undo that."""
    return Path(os.environ.get("BUILD_WORKING_DIRECTORY", os.getcwd()), path)


def find_binary(override: Optional[str] = None, program: Program = TWINCACHED) -> Path:
    """Returns an absolute path of an executable file, or raises NodeError saying what to do."""
    wanted = override or os.environ.get(program.variable)
    if wanted:
        path = caller_path(wanted)
        if not _is_program(path):
            raise NodeError(f"{path} is not an executable file ({program.flag})")
        return path.absolute()
    for path in _candidates(program):
        if _is_program(path):
            return path.absolute()
    name = program.path.rpartition("/")[2]
    raise NodeError(f"no {name} binary found: build it (./bazelw build -c opt {program.target()}) "
                    f"or name one with {program.flag}")


def _candidates(program: Program) -> Iterator[Path]:
    tree = Path(__file__).absolute().parents[2]
    yield tree / program.path
    runfiles = os.environ.get("RUNFILES_DIR")
    if runfiles:
        yield from sorted(Path(runfiles).glob(f"*/{program.path}"))
    yield tree / "bazel-bin" / program.path
    yield Path(__file__).resolve().parents[2] / "bazel-bin" / program.path


def _is_program(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)
