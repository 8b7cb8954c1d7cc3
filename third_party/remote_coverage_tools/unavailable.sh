#!/bin/sh
echo "bazel coverage: Debian packages no coverage tools for Bazel 4.2.3" >&2
exit 1
