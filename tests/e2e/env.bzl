"""What the sanitizer configurations tell the tests that run real servers (nodes.py, case.py)."""

_SANITIZED = {
    "TEST_SANITIZED": "1",
    "TEST_TIME_SCALE": "5",
}

TEST_ENV = select({
    "//tests:asan": _SANITIZED,
    "//tests:tsan": _SANITIZED,
    "//conditions:default": {},
})
