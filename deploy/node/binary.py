"""Finds the twincached binary that pair and the drills start.

Looked for in this order: the --binary flag, the environment variable TWINCACHED_BINARY, the
runfiles of the running Bazel target, bazel-bin of the checkout. Nothing is built or downloaded
here.
"""

import os
from pathlib import Path
from typing import Iterator, Optional

_NAME = "twincached"


class NodeError(Exception):
    """A failure that is told to the person as one line."""


def caller_path(path: str) -> Path:
    """A path as the person typed it: `bazel run` changes the directory, so undo that."""
    return Path(os.environ.get("BUILD_WORKING_DIRECTORY", os.getcwd()), path)


def find_binary(override: Optional[str] = None) -> Path:
    """Returns an absolute path of an executable file, or raises NodeError saying what to do."""
    wanted = override or os.environ.get("TWINCACHED_BINARY")
    if wanted:
        path = caller_path(wanted)
        if not _is_program(path):
            raise NodeError(f"{path} is not an executable file (--binary)")
        return path.absolute()
    for path in _candidates():
        if _is_program(path):
            return path.absolute()
    raise NodeError("no twincached binary found: build it (./bazelw build -c opt //:twincached) "
                    "or name one with --binary")


def _candidates() -> Iterator[Path]:
    tree = Path(__file__).absolute().parents[2]
    yield tree / _NAME
    runfiles = os.environ.get("RUNFILES_DIR")
    if runfiles:
        yield from sorted(Path(runfiles).glob(f"*/{_NAME}"))
    yield tree / "bazel-bin" / _NAME
    yield Path(__file__).resolve().parents[2] / "bazel-bin" / _NAME


def _is_program(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)
