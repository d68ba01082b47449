"""A child process that never outlives this one, however this one ends."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from monitor.errors import WorkerError

_PR_SET_PDEATHSIG = 1
_TAIL_BYTES = 4_000

# A shell holds the read end of a pipe whose write end only the parent has: however the parent dies, the shell reads the
# end of file and kills the child. File descriptor 3, because a shell gives its background jobs an empty standard input.
_PIPE_GUARD = """
exec 3<&0
trap 'kill -TERM $child 2>/dev/null' TERM INT
"$@" </dev/null 3<&- & child=$!
{ cat <&3 >/dev/null; kill -9 $child; } 2>/dev/null &
wait $child; status=$?
while kill -0 $child 2>/dev/null; do wait $child; status=$?; done
exit $status
"""


class ChildProcess:
    """Runs a program until it is stopped, or until the process that started it is gone (SIGKILL included).

    On Linux the kernel kills the child when the *thread* that forked it ends (`PR_SET_PDEATHSIG`), so the fork
    happens on a thread of its own, which then waits for the child and so lives as long as it. Elsewhere a shell
    watches a pipe.

    Attributes:
        pid: Of the program; with the pipe guard, of the shell that watches over it.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        log_path: Path,
        environment: Mapping[str, str] | None = None,
        pipe_guard: bool = sys.platform != "linux",
    ) -> None:
        """Starts the program.

        Args:
            argv: Program and arguments; no shell reads them.
            log_path: Gets what the program prints on both its outputs; appended to.
            environment: Of the program; None takes this process's.
            pipe_guard: Take the portable guard even where the kernel has a better one.

        Raises:
            WorkerError: The program cannot be started, or its log cannot be opened.
        """
        self.argv = list(argv)
        self.log_path = log_path
        self._environment = environment
        self._pipe_guard = pipe_guard
        self._process: subprocess.Popen[bytes] | None = None
        self._failure: OSError | None = None
        self._started = threading.Event()
        self._ended = threading.Event()
        try:
            log = log_path.open("ab")
        except OSError as error:
            raise WorkerError(
                f"The log {log_path} cannot be opened: {error.strerror}.", "Check its folder and its rights."
            ) from error
        threading.Thread(target=self._run, args=(log,), name=f"child-{Path(argv[0]).name}", daemon=True).start()
        self._started.wait()
        if self._process is None:
            raise WorkerError(
                f"{argv[0]} cannot be started: {self._failure}.", "Check that the file is there and may be executed."
            )
        self.pid: int = self._process.pid

    def _run(self, log: IO[bytes]) -> None:
        with log:
            try:
                self._process = self._spawn(log)
            except OSError as failure:
                self._failure = failure
                return
            finally:
                self._started.set()
        self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._ended.set()

    def _spawn(self, log: IO[bytes]) -> subprocess.Popen[bytes]:
        # start_new_session: Ctrl-C in a terminal must reach the parent alone, which then stops its children in order.
        if self._pipe_guard:
            guarded = ["/bin/sh", "-c", _PIPE_GUARD, "guard", *self.argv]
            return subprocess.Popen(
                guarded, stdin=subprocess.PIPE, stdout=log, stderr=log, env=self._environment, start_new_session=True
            )
        return subprocess.Popen(
            self.argv,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=self._environment,
            start_new_session=True,
            preexec_fn=_die_with_parent(),  # noqa: PLW1509
        )

    @property
    def running(self) -> bool:
        """Whether the program has not ended yet."""
        return not self._ended.is_set()

    def wait(self, timeout_seconds: float) -> bool:
        """Waits for the program's end; returns whether it came within `timeout_seconds` (at least 0)."""
        return self._ended.wait(timeout_seconds)

    @property
    def exit_status(self) -> int | None:
        """As the system tells it, negative for a signal; None while the program runs."""
        return self._process.returncode if self._process is not None and not self.running else None

    def ask_to_stop(self) -> None:
        """Sends SIGTERM and returns at once; `stop` waits."""
        self._signal(signal.SIGTERM)

    def stop(self, grace_seconds: float = 5.0) -> None:
        """Asks the program to end, and kills it after `grace_seconds` (at least 0)."""
        self.ask_to_stop()
        if not self.wait(grace_seconds):
            self.kill()

    def kill(self) -> None:
        """Ends the program at once, as a crash would."""
        if self._pipe_guard and self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
        else:
            self._signal(signal.SIGKILL)
        self._ended.wait()

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self.running:
            self._process.send_signal(number)

    def log_tail(self) -> str:
        """The last 4,000 bytes of what the program printed, or why they cannot be read."""
        try:
            with self.log_path.open("rb") as log:
                log.seek(max(0, self.log_path.stat().st_size - _TAIL_BYTES))
                return log.read().decode("utf-8", "replace").strip()
        except OSError as error:
            return f"(it cannot be read: {error.strerror})"


def _die_with_parent() -> Callable[[], None]:
    # Everything is looked up before the fork: between fork and exec only the one system call may happen.
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def arm() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # the parent died before the guard was armed
            os._exit(1)

    return arm
