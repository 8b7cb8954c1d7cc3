"""Tests that start real servers: the shape that all of them have."""

load("//tests/e2e:env.bzl", "test_env")

def e2e_test(name, data = [], deps = [], exclusive = False, external = False, epoll = False):
    """`name`.py with the server, nodes.py and case.py.

    Args:
      name: of the target; its source is the file of that name.
      data: files beside the server.
      deps: libraries beside nodes and case.
      exclusive: it has limits in time, so nothing runs beside it.
      external: it depends on installed programs, so its result is never taken from the cache.
      epoll: once more, as `name`_epoll, with servers that do not use io_uring.
    """
    for suffix, poller in [("", None)] + ([("_epoll", "epoll")] if epoll else []):
        native.py_test(
            name = name + suffix,
            size = "medium",
            srcs = [name + ".py"],
            main = name + ".py",
            data = data + ["//:twincached"],
            env = test_env(poller),
            tags = (["exclusive"] if exclusive else []) + (["external"] if external else []),
            deps = [
                ":case",
                ":nodes",
            ] + deps,
        )
