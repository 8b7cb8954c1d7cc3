"""The rules of the house that a program can check: sizes, bans, shape of a header.

Each check takes a Source and returns its findings. check_all() is the whole house. A rule may not
contain its own bad example, or it would find itself: some words are put together from halves.
"""

import ast
import re

from tests.tidy import cpp_functions
from tests.tidy import includes
from tests.tidy.report import Finding

HEADER_LINES_MAX = 200
SOURCE_LINES_MAX = 400
TEST_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
PARAMETERS_MAX = 4
COLUMNS_MAX = 100

_CODE_SUFFIXES = (".h", ".cc", ".py", ".sh", ".proto", ".bzl", ".php", ".bazel", ".BUILD")
_CODE_NAMES = ("WORKSPACE", ".bazelrc", "bazelw", "run")
_LAYERS_WITH_CONTRACTS = ("proto", "storage", "net", "actors")

_UNFINISHED = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
_MACHINE_PATH = re.compile(r"(?<![\w.$}/-])/(?:home|farm|work)/\w")
_REGISTRY_HOST = re.compile(
    r"(?:deb|security|snapshot|ftp)\.debian\.(?:org|net)|registry\.npmjs|proxy\.golang|"
    r"pypi\.(?:org|python)", re.IGNORECASE)
_COMMENTED_OUT = re.compile(
    r"^\s*//\s*(?:#\s*include\b|(?:[\w:<>*&\s]+\s)?[\w.:]+(?:->\w+)*\([^()]*\);\s*$|"
    r"(?:[\w:<>*&]+\s)?[\w.:]+(?:\[\w+\])?\s*[-+|&]?=\s(?:\S+|[^;]*\w\([^;]*\));\s*$|"
    r"(?:if|for|while)\s*\(.*\)\s*\{\s*$|return\b.*;\s*$)")

# (layers, or None for all; pattern over the code; rule; fix)
_BANS = (
    (None, r"\busing\s+namespace\b", "using-namespace", "name what you use"),
    (None, r"\babsl::(?:Mutex|MutexLock|CondVar|Notification|BlockingCounter)\b", "absl-mutex",
     "std::mutex: ThreadSanitizer reports absl::Mutex wrongly"),
    (None, r"(?<![\w.>])(?:std::)?(?:strcpy|strcat|sprintf|vsprintf|atoi|atol|atoll|strtok)"
     r"\s*\(", "unbounded-c", "absl::SimpleAtoi, absl::StrCat, memcpy with a checked length"),
    (("proto", "storage", "net", "actors"), r"(?<![\w_])assert\s*\(", "assert",
     "CHECK or DCHECK of proto/check.h"),
    (("proto", "storage", "net", "actors"), r"\bthrow\b(?!\s*\()", "throw",
     "no exceptions of our own: a reply value, an absl::Status, or CHECK"),
    (("proto", "storage", "net", "actors"),
     r"\b(?:std::this_thread::)?(?:sleep_for|sleep_until|usleep|nanosleep)\s*\(|"
     r"\babsl::SleepFor\b|(?<![\w.>])sleep\s*\(", "sleep", "take time from the event loop's tick"),
    (("proto", "storage"),
     r"\bstd::(?:chrono|thread|mutex|atomic|random_device|mt19937(?:_64)?|cout|cerr|clog)\b|"
     r"\babsl::Now\b|\bthread_local\b|"
     r"(?<![\w.>:])(?:std::)?(?:time|clock|rand|srand|random|getenv|gettimeofday|clock_gettime|"
     r"printf|puts|fopen)\s*\(", "impure",
     "time, seeds and settings are arguments, output is a value"),
    (("net",), r"\bcaf::", "caf-in-net", "only actors/ uses CAF"),
    (("actors",), r"\bdelayed_send\b|\bdelayed_anon_send\b", "caf-clock",
     "take ticks from the event loop: CAF's clock thread outlives the units"),
    (("actors",), r"\baout\b", "caf-aout", "stderr through the one logger: aout prints late"),
)
_BANS = tuple((layers, re.compile(pattern), rule, fix) for layers, pattern, rule, fix in _BANS)

# A value that is read outside of its shard is let go by the thread that has sent it.
_MAY_USE = {path: re.compile(r"std::atomic") for path in ("storage/pins.cc", "storage/pins.h")}

_STD_STRING_VIEW = re.compile(r"\bstd::string_view\b|#\s*include\s*<string_view>")


def _is_code(source):
    return source.suffix in _CODE_SUFFIXES or source.name in _CODE_NAMES


def check_file_size(source):
    if not _is_code(source):
        return []
    if source.is_test:
        limit, kind = TEST_LINES_MAX, "test"
    elif source.is_header:
        limit, kind = HEADER_LINES_MAX, "header"
    else:
        limit, kind = SOURCE_LINES_MAX, "source"
    if len(source.lines) <= limit:
        return []
    return [Finding(source.path, len(source.lines), "file-size",
                    f"{len(source.lines)} lines, a {kind} has at most {limit}",
                    "split by idea, never into _utils or _part2")]


def _python_functions(source):
    try:
        tree = ast.parse(source.text)
    except SyntaxError as error:
        return [Finding(source.path, error.lineno or 1, "syntax", str(error), "make it parse")]
    findings = []
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            length = node.end_lineno - node.lineno + 1
            findings += _check_length(source, node.name, node.lineno, length)
    return findings


def _check_length(source, name, line, length):
    if length <= FUNCTION_LINES_MAX:
        return []
    return [Finding(source.path, line, "function-size",
                    f"{name} has {length} lines, at most {FUNCTION_LINES_MAX}",
                    "cut a step out and give it a name")]


def check_functions(source):
    if source.is_python:
        return _python_functions(source)
    if not source.is_cpp:
        return []
    findings = []
    for function in cpp_functions.find_functions(source):
        findings += _check_length(source, function.name, function.first_line, function.length)
        # What the linker puts in a system call's place has that call's signature.
        if function.parameters > PARAMETERS_MAX and not function.name.startswith("__wrap_"):
            findings.append(Finding(
                source.path, function.first_line, "parameters",
                f"{function.name} has {function.parameters} parameters, at most {PARAMETERS_MAX}",
                "pass a struct"))
    return findings


def check_lines(source):
    """Columns, tabs and trailing blanks of code."""
    if not _is_code(source):
        return []
    findings = []
    for number, line in enumerate(source.lines, 1):
        if len(line) > COLUMNS_MAX:
            findings.append(Finding(source.path, number, "columns",
                                    f"{len(line)} columns, at most {COLUMNS_MAX}", "wrap it"))
        if "\t" in line:
            findings.append(Finding(source.path, number, "tab", "a tab", "use spaces"))
        if line != line.rstrip():
            findings.append(Finding(source.path, number, "trailing-blank", "blanks at the end",
                                    "remove them"))
    return findings


def check_words(source):
    """Unfinished work, and what belongs to one machine or network, in any text."""
    findings = []
    for number, line in enumerate(source.lines, 1):
        if _UNFINISHED.search(line):
            findings.append(Finding(source.path, number, "unfinished", "a note of unfinished work",
                                    "finish it, or file an issue and say what is true now"))
        if _MACHINE_PATH.search(line):
            findings.append(Finding(source.path, number, "machine-path", "a path of one machine",
                                    "a path from the project root, $HOME or a flag"))
        if _REGISTRY_HOST.search(line):
            findings.append(Finding(source.path, number, "registry-host", "a registry's host",
                                    "package names only; apt knows its hosts"))
    return findings


def check_header(source):
    """#pragma once, the opening comment, and absl's string_view in the pure interfaces."""
    if not source.is_header:
        return []
    findings = []
    code = [line.strip() for line in source.code_lines if line.strip()]
    if not code or code[0] != "#pragma once":
        findings.append(Finding(source.path, 1, "pragma-once",
                                "#pragma once is not the first line of code",
                                "put it below the opening comment, above the includes"))
    if source.layer in _LAYERS_WITH_CONTRACTS and not source.text.startswith("//"):
        findings.append(Finding(source.path, 1, "contract", "no comment opens the header",
                                "say what it is, what it is not, who owns it, its bounds"))
    if source.layer in ("proto", "storage"):
        for number, line in enumerate(source.code_lines, 1):
            if _STD_STRING_VIEW.search(line):
                findings.append(Finding(source.path, number, "string-view",
                                        "std::string_view in an interface", "absl::string_view"))
    return findings


def check_bans(source):
    """Names that a layer may not use, looked for outside of comments and literals."""
    if not source.is_cpp or source.path == "proto/check.h":
        return []
    findings = []
    for number, line in enumerate(source.code_lines, 1):
        for layers, pattern, rule, fix in _BANS:
            match = pattern.search(line) if layers is None or source.layer in layers else None
            may_use = _MAY_USE.get(source.path)
            if match and not (may_use and may_use.match(match.group())):
                findings.append(Finding(source.path, number, rule, f"`{match.group().strip()}`",
                                        fix))
    return findings


def check_commented_out_code(source):
    if not source.is_cpp:
        return []
    return [Finding(source.path, number, "commented-out", "code in a comment",
                    "delete it; version control remembers")
            for number, line in enumerate(source.lines, 1) if _COMMENTED_OUT.match(line)]


def check_build_file(source):
    """System libraries that belong to one layer, and each layer's visibility group."""
    if not source.is_build_file:
        return []
    findings = []
    for number, line in enumerate(source.lines, 1):
        for library, folders in (("caf_core", ("actors/", "tests/")),
                                 ("liburing", ("net/", "tests/bench/")),
                                 ("cli11", ("actors/", "tests/")), ("spdlog", ("actors/",))):
            if f'"@system//:{library}"' in line and not source.path.startswith(folders):
                findings.append(Finding(
                    source.path, number, "system-dep", f"@system//:{library} in {source.layer}/",
                    f"only {' and '.join(folders)} may depend on it"))
        if "//visibility:public" in line and source.layer in _LAYERS_WITH_CONTRACTS:
            findings.append(Finding(source.path, number, "visibility", "public visibility",
                                    "one of the groups in the root BUILD.bazel"))
    return findings


_CHECKS = (check_file_size, check_functions, check_lines, check_words, check_header, check_bans,
           check_commented_out_code, check_build_file, includes.check_includes)


def check_all(sources):
    """Every finding in `sources`, in order of path and line."""
    sources = list(sources)
    findings = includes.check_heavy_headers(sources)
    for source in sources:
        for check in _CHECKS:
            findings += check(source)
    return sorted(findings, key=lambda finding: (finding.path, finding.line, finding.rule))
