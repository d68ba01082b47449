"""Runs the demo with its dashboard where there is no network but loopback, and counts what tried to leave.

A script, for a fresh network namespace: `unshare -rn python -m tests.pipelines.loopback_only`. The kernel counts every
packet for which it knows no route, of any process in the namespace: connections, datagrams, name look-ups.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import urllib.request
from pathlib import Path

_SET_FLAGS = 0x8914
_UP_AND_RUNNING = 0x1 | 0x40


def raise_loopback() -> None:
    """`ip link set lo up`."""
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sh14x", b"lo", _UP_AND_RUNNING))


def attempts_to_leave() -> int:
    """Packets that had nowhere to go, so far."""
    names, values = [
        line.split()[1:] for line in Path("/proc/net/snmp").read_text().splitlines() if line.startswith("Ip:")
    ]
    count = int(dict(zip(names, values, strict=True))["OutNoRoutes"])
    for line in Path("/proc/net/snmp6").read_text().splitlines():
        name, value = line.split()
        count += int(value) if name == "Ip6OutNoRoutes" else 0
    return count


def try_to_leave() -> None:
    """One attempt, to show that the count counts."""
    with socket.socket() as outward:
        outward.connect_ex(("192.0.2.1", 80))


def run_demo(folder: Path) -> str:
    """Runs the demo until its week is over, loads the dashboard, stops it; returns what it said."""
    environment = os.environ | {"MONITOR_DATA_DIR": str(folder)}
    said: list[str] = []
    command = [sys.executable, "-m", "monitor", "demo", "--speed", "20000"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as demo:
        assert demo.stderr is not None
        for line in demo.stderr:
            said.append(line)
            if "week is over" in line:
                with urllib.request.urlopen("http://127.0.0.1:8501/", timeout=30) as page:
                    said.append(f"dashboard: {page.status}")
                demo.send_signal(signal.SIGINT)
    return "".join(said)


def main() -> None:
    """Prints one JSON object."""
    raise_loopback()
    said = run_demo(Path(sys.argv[1]))
    demo = attempts_to_leave()
    try_to_leave()
    print(json.dumps({"demo": demo, "control": attempts_to_leave() - demo, "said": said}))  # noqa: T201 - the test reads it


if __name__ == "__main__":
    main()
