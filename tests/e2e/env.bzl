"""What the tests that run real servers (nodes.py, case.py) are told about build and servers."""

_SANITIZED = {
    "TEST_SANITIZED": "1",
    "TEST_TIME_SCALE": "5",
}

def test_env(poller = None):
    """The environment of such a test; `poller`: what its servers get as --poller, if anything."""
    asked = {"TEST_POLLER": poller} if poller else {}
    sanitized = dict(_SANITIZED)
    sanitized.update(asked)
    return select({
        "//tests:asan": sanitized,
        "//tests:tsan": sanitized,
        "//conditions:default": asked,
    })

TEST_ENV = test_env()
