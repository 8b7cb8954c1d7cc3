"""Who may include what: the arrows between the folders, and each folder's system headers.

Bazel's visibility enforces the arrows between our own targets, but it cannot see system headers:
they are in the compiler's default path. So the allow-lists are here.
"""

import re

from tests.tidy import report

_INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')

# proto <- storage <- actors -> net; tests -> all. What net may use of proto is named exactly.
_MAY_INCLUDE = {
    "proto": ("proto/",),
    "storage": ("proto/", "storage/"),
    "net": ("net/", "proto/check.h", "proto/limits.h"),
    "actors": ("proto/", "storage/", "net/", "actors/"),
    "tests": ("proto/", "storage/", "net/", "actors/", "tests/"),
    "deploy": ("deploy/",),
    "third_party": (),
    "root": (),
}
_OURS = ("proto/", "storage/", "net/", "actors/", "tests/", "deploy/", "third_party/")

# Values in, values out: nothing here can see a clock, a thread, a file or another machine.
_PURE = frozenset("""
    algorithm array bitset byteswap.h charconv cctype cinttypes climits cmath cstddef cstdint cstdio
    cstdlib cstring deque endian.h functional initializer_list iterator limits list map memory new
    numeric optional queue set string string_view tuple type_traits unordered_map unordered_set
    utility variant vector
    xxhash.h
""".split())

# What code that runs in a process may use beside that.
_PROCESS = _PURE | frozenset("""
    atomic cerrno chrono condition_variable csignal ctime errno.h exception fstream future iostream
    mutex random signal.h sstream stdexcept system_error thread time.h
    fcntl.h getopt.h grp.h linux/capability.h pthread.h pwd.h sanitizer/asan_interface.h sched.h
    sys/eventfd.h unistd.h
    sys/mman.h sys/prctl.h sys/resource.h sys/signalfd.h sys/stat.h sys/syscall.h
    sys/time.h sys/types.h sys/wait.h
""".split())

_SOCKETS = frozenset("""
    arpa/inet.h ifaddrs.h liburing.h linux/errqueue.h linux/io_uring.h linux/sockios.h net/if.h
    netdb.h netinet/in.h netinet/tcp.h poll.h
    sys/epoll.h sys/ioctl.h sys/sendfile.h sys/socket.h sys/timerfd.h sys/uio.h sys/un.h
""".split())

_ALLOWED = {
    "proto": _PURE,
    "storage": _PURE,
    "net": _PROCESS | _SOCKETS,
    "actors": _PROCESS,
}

# One file's headers beyond its folder's: a bound resource that only the system hands out.
_EXCEPTIONS = {
    # Segments are mapped in pieces that huge pages fit: memory, not input or output.
    "storage/mapped_memory.cc": frozenset(("sys/mman.h", "unistd.h")),
    # Streaming stores: an instruction that has no other name.
    "storage/cold_copy.cc": frozenset(("emmintrin.h",)),
    # A pin is let go by the thread that has sent the value.
    "storage/pins.cc": frozenset(("atomic",)),
    "storage/pins.h": frozenset(("atomic",)),
}

# Code outside net/ that drives io_uring itself: the floor that servers are measured against, and
# the tests of net/.
_RING_USERS = ("net/", "tests/bench/", "tests/unit/net/")

# Whole trees of a library.
_LIBRARIES = {
    "proto": ("absl/", "google/protobuf/"),
    "storage": ("absl/", "google/protobuf/"),
    "net": ("absl/",),
    "actors": ("absl/", "google/protobuf/", "caf/", "CLI/", "spdlog/"),
}
_IMPURE_ABSEIL = ("absl/debugging/", "absl/flags/", "absl/random/", "absl/synchronization/",
                  "absl/time/clock.h")

_WHY = {
    "proto": "proto/ is pure: no clock, thread, socket, log line, randomness or global; take the "
             "value as an argument, or move the code to actors/",
    "storage": "storage/ is pure: no clock, thread, socket, log line, randomness or global; take "
               "the value as an argument, or move the code to actors/",
    "net": "net/ moves bytes: no actors, protobuf, flags or logs; hand the bytes to actors/",
    "actors": "only net/ includes socket and poller headers: add what is needed to net/",
}

# Headers that take seconds to compile: one source file of a program includes each.
_ONCE = {
    "CLI/": "CLI11",
    "spdlog/": "spdlog",
}


def includes_of(source):
    """(line number, path) of every #include of a C++ Source."""
    found = []
    for number, line in enumerate(source.lines, 1):
        match = _INCLUDE.match(line)
        # In `code` a literal is blank, a commented-out include has no `#` left.
        if match and "#" in source.code_lines[number - 1]:
            found.append((number, match.group(2)))
    return found


def _is_ours(path):
    if path == "net/if.h":  # The kernel's.
        return False
    return path.startswith(_OURS)


def _check_arrow(source, number, path):
    allowed = _MAY_INCLUDE[source.layer]
    if path.startswith(allowed):
        return []
    return [report.Finding(
        source.path, number, "arrow", f"{source.layer}/ includes {path}",
        "the arrows are proto <- storage <- actors -> net and tests -> all; net/ may use only "
        "proto/check.h and proto/limits.h: pass what is needed as an argument")]


def _check_ring(source, number, path):
    if path not in ("liburing.h", "linux/io_uring.h") or source.path.startswith(_RING_USERS):
        return []
    return [report.Finding(
        source.path, number, "system-include", f"{source.path} includes {path}",
        "io_uring is used by net/, the bench's floor and the tests of net/ only: go through "
        "net/poller.h")]


def _check_system(source, number, path):
    allowed = _ALLOWED.get(source.layer)
    if allowed is None:
        return _check_ring(source, number, path)
    pure = source.layer in ("proto", "storage")
    in_library = path.startswith(_LIBRARIES[source.layer])
    if path in _EXCEPTIONS.get(source.path, ()):
        return []
    if path in allowed or (in_library and not (pure and path.startswith(_IMPURE_ABSEIL))):
        return []
    return [report.Finding(
        source.path, number, "system-include", f"{source.layer}/ includes {path}",
        _WHY[source.layer] + "; if it is harmless, add it to tests/tidy/includes.py")]


def check_includes(source):
    """The arrows and the allow-lists, for one file."""
    if not source.is_cpp:
        return []
    findings = []
    for number, path in includes_of(source):
        if _is_ours(path):
            findings += _check_arrow(source, number, path)
        elif "/" not in path and path.endswith(".h") and f'"{path}"' in source.lines[number - 1]:
            findings.append(report.Finding(
                source.path, number, "include-path", f'includes "{path}"',
                'write the path from the project root: "proto/limits.h"'))
        else:
            findings += _check_system(source, number, path)
    return findings


def _program_of(path):
    """The folder that counts as one program: tests/bench for a test, else the top folder."""
    parts = path.split("/")
    return "/".join(parts[:2]) if parts[0] == "tests" else parts[0]


def check_heavy_headers(sources):
    """CLI11 and spdlog are included by one source file each, and by no header."""
    findings = []
    seen = {}
    for source in sources:
        if not source.is_cpp:
            continue
        for number, path in includes_of(source):
            for prefix, name in _ONCE.items():
                if not path.startswith(prefix):
                    continue
                key = (name, _program_of(source.path))
                first = seen.setdefault(key, source.path)
                if source.is_header or first != source.path:
                    where = "a header" if source.is_header else f"beside {first}"
                    findings.append(report.Finding(
                        source.path, number, "heavy-include", f"includes {name}, {where}",
                        f"one .cc file of a program includes {name}; give it a small interface "
                        "of our own"))
    return findings
