"""A source file as the tidy rules see it: its lines, and for C++ the code without comments."""

import os
import pathlib
import re
import subprocess

CPP_SUFFIXES = (".h", ".cc")
LAYERS = ("proto", "storage", "net", "actors", "deploy", "tests", "third_party")

# One token of C++ whose inside is not code, or a piece of code that cannot start one.
_CPP_TOKEN = re.compile(
    r"""
    (?P<comment> //(?:\\\n|[^\n])* | /\*.*?\*/ )
  | (?P<raw>     R"(?P<delimiter>[^()\s\\]{0,16})\(.*?\)(?P=delimiter)" )
  | (?P<string>  "(?:\\.|[^"\\\n])*" )
  | (?P<number>  (?<![\w'])\d[\w']* )
  | (?P<char>    '(?:\\.|[^'\\\n])+' )
    """,
    re.VERBOSE | re.DOTALL,
)


def _blank(text):
    """The same number of lines and columns, with nothing in them."""
    return re.sub(r"[^\n]", " ", text)


def _blank_token(match):
    text = match.group()
    if match.lastgroup == "number":
        return text
    if match.lastgroup == "comment":
        return _blank(text)
    quote = text[-1]
    return quote + _blank(text[1:-1]) + quote


class Source:
    """One file. `path` is relative to the workspace, with forward slashes.

    `lines` is the text as written. `code` is, for C++, the same text with comments and the inside
    of literals replaced by spaces, so that lines and columns stay; for others it is the text.
    """

    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.lines = text.splitlines()
        self.suffix = pathlib.PurePosixPath(path).suffix
        self.name = pathlib.PurePosixPath(path).name
        self.is_cpp = self.suffix in CPP_SUFFIXES
        self.is_header = self.suffix == ".h"
        self.is_python = self.suffix == ".py"
        self.is_build_file = self.name in ("BUILD.bazel", "system.BUILD")
        self.is_test = self.name.endswith(("_test.cc", "_test.py"))
        first = path.split("/", 1)[0]
        self.layer = first if first in LAYERS and "/" in path else "root"
        self.code = _CPP_TOKEN.sub(_blank_token, text) if self.is_cpp else text
        self.code_lines = self.code.splitlines()

    def line_of(self, offset):
        """The 1-based line that holds the character at `offset`."""
        return self.text.count("\n", 0, offset) + 1


def _paths_from_git(root):
    """Tracked files and new ones that are not ignored; None where this is not a git checkout."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others",
               "--exclude-standard"]
    try:
        run = subprocess.run(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                             check=False)
    except FileNotFoundError:
        return None
    if run.returncode != 0:
        return None
    return [os.fsdecode(path) for path in run.stdout.split(b"\0") if path]


def _paths_from_walk(root):
    """Every file below `root`, leaving out version control, caches and Bazel's output links."""
    paths = []
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = [name for name in subfolders
                         if name not in (".git", "__pycache__") and not name.startswith("bazel-")]
        relative = pathlib.Path(folder).relative_to(root)
        paths.extend((relative / name).as_posix() for name in names)
    return paths


def read_tree(root):
    """Every text file of the workspace at `root`, sorted by path."""
    paths = _paths_from_git(root)
    if paths is None:
        paths = _paths_from_walk(root)
    sources = []
    for path in sorted(set(paths)):
        file = pathlib.Path(root) / path
        if file.is_symlink() or not file.is_file():
            continue
        data = file.read_bytes()
        try:
            sources.append(Source(path, data.decode("utf-8")))
        except UnicodeDecodeError:
            continue  # A corpus or another binary file: no rule is about it.
    return sources
