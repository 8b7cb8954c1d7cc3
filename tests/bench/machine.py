"""What the measuring machine is, for the head of a report."""

import os
from typing import Dict


def describe() -> Dict[str, str]:
    return {
        "cpu": _first_value("/proc/cpuinfo", "model name"),
        "cores": str(os.cpu_count()),
        "memory": _first_value("/proc/meminfo", "MemTotal"),
        "kernel": f"{os.uname().sysname} {os.uname().release}",
        "load average at start": " ".join(f"{load:.2f}" for load in os.getloadavg()),
    }


def _first_value(path: str, name: str) -> str:
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            if line.startswith(name):
                return line.split(":", 1)[1].strip()
    return "unknown"
