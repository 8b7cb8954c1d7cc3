"""Counts the test targets of one Bazel run: prints `PASSED FAILED` from its event file.

    count_results.py EVENTS.json EXIT_CODE

bazel-testlogs would be wrong: it keeps results of earlier runs. A run that failed without a failed
test (it did not build, it was interrupted) counts as one failure.
"""

import json
import sys

_GOOD = ("PASSED", "FLAKY")


def read_events(path):
    try:
        with open(path, encoding="utf-8") as file:
            return [json.loads(line) for line in file if line.strip()]
    except (OSError, ValueError) as error:
        print(f"no usable event file: {error}", file=sys.stderr)
        return []


def count(events, exit_code):
    """(passed, failed) of the run that wrote `events` and ended with `exit_code`.

    A test that was configured and has no summary did not build, unless Bazel skipped it because it
    is for another configuration.
    """
    tests, skipped, passed = set(), set(), set()
    for event in events:
        if "testSize" in event.get("configured", {}):
            tests.add(event["id"]["targetConfigured"]["label"])
        elif event.get("aborted", {}).get("reason") == "SKIPPED":
            skipped.add(event["id"].get("targetCompleted", {}).get("label"))
        elif event.get("testSummary", {}).get("overallStatus") in _GOOD:
            passed.add(event["id"]["testSummary"]["label"])
    failed = len(tests - skipped - passed)
    if exit_code != 0 and failed == 0:
        failed = 1
    return len(passed), failed


if __name__ == "__main__":
    print(*count(read_events(sys.argv[1]), int(sys.argv[2])))
