"""The whole line in one terminal: broker, stages, schedule and dashboard as supervised processes."""

from __future__ import annotations

import importlib.util
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from os import SEEK_END
from pathlib import Path

import msgspec

from monitor.broker.embedded import EmbeddedBroker, free_port
from monitor.errors import InputError, WorkerError
from monitor.settings import DashboardSettings, Settings
from pipelines.replaying import CONSOLE, ReplayJob
from pipelines.stages import BROKER_STAGES, STAGES
from pipelines.supervisor import Supervisor

QUIET_ENVIRONMENT = {
    # No library reports home: not about our use of it, and not about our users.
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "OPENVINO_TELEMETRY_DISABLE": "1",
    "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
    "WANDB_MODE": "offline",
    "DO_NOT_TRACK": "1",
}


@dataclass
class Line:
    """A running line.

    Attributes:
        supervisor: Its processes.
        bootstrap: Address of the cluster it uses.
        store_url: Where its results are.
        dashboard_url: Where the dashboard listens; empty without one.
    """

    supervisor: Supervisor
    bootstrap: str
    store_url: str
    dashboard_url: str
    _broker: EmbeddedBroker | None
    _say: Callable[[str], None]
    _dispatch_log: Path
    _relayed: int

    @property
    def broker_pid(self) -> int | None:
        """Process id of the embedded broker; None where a cluster is used or it is down."""
        return self._broker.pid if self._broker is not None and self._broker.running else None

    def kill_broker(self) -> None:
        """Ends the embedded broker as a crash would; `watch` starts it again, empty."""
        if self._broker is not None:
            self._broker.kill()

    def watch(self) -> None:
        """Restarts what died, the embedded broker included; to be called several times a second.

        Raises:
            MonitorError: Something cannot be kept alive.
        """
        if self._broker is not None and not self._broker.running:
            self._restart_with(self._broker)
        self.supervisor.watch()
        self._relay()

    def _restart_with(self, broker: EmbeddedBroker) -> None:
        """Starts an empty broker in place of one that ended, and the stages that use it anew.

        One that lived on would deliver what it still held for the old topics into the new ones, out of order: ahead
        of what is published again.
        """
        self._say("The embedded broker ended; it starts again, empty, and the stages that use it with it.")
        running = self.supervisor.processes.items()
        stages = [process for name, process in running if name.partition("-")[0] in BROKER_STAGES]
        for process in stages:
            process.kill()
        broker.start()
        for process in stages:
            process.start()

    def _relay(self) -> None:
        """Shows what the console receivers were told: the dispatcher, a process of its own, writes that to its log."""
        try:
            with self._dispatch_log.open("rb") as log:
                if log.seek(0, SEEK_END) < self._relayed:
                    self._relayed = 0  # it was emptied
                log.seek(self._relayed)
                told = log.read()
        except FileNotFoundError:
            self._relayed = 0
            return
        whole = told[: told.rfind(b"\n") + 1]
        self._relayed += len(whole)
        if whole.strip():
            self._say(whole.decode("utf-8", "replace").rstrip("\n"))


@contextmanager
def running_line(
    settings: Settings,
    *,
    say: Callable[[str], None],
    replay: ReplayJob | None = None,
    schedule: bool = False,
    dashboard: bool = False,
    classifiers: int = 1,
) -> Iterator[Line]:
    """Starts a line, and stops all of it at the end of the block.

    Args:
        settings: All of them; without a bootstrap address an embedded broker is started.
        say: Gets one line for each thing that happens.
        replay: What ingest replays, instead of following the sources.
        schedule: Whether scheduled jobs run too.
        dashboard: Whether the dashboard runs too.
        classifiers: Replicas of the classify stage.

    Raises:
        InputError: The dashboard cannot have its port.
        MonitorError: Something cannot be started.
    """
    dashboard_port = _listening_port(settings.dashboard) if dashboard else 0
    data_dir = settings.data_dir.absolute()
    with ExitStack() as stack:
        broker = None
        bootstrap = settings.kafka.bootstrap
        if not bootstrap:
            data_dir.mkdir(parents=True, exist_ok=True)
            broker = stack.enter_context(EmbeddedBroker(log_path=data_dir / "broker.log"))
            bootstrap = broker.bootstrap
        environment = QUIET_ENVIRONMENT | {
            "MONITOR_DATA_DIR": str(data_dir),
            "MONITOR_KAFKA__BOOTSTRAP": bootstrap,
            "MONITOR_KAFKA__TOPIC_PREFIX": settings.kafka.topic_prefix,
            "MONITOR_STORE__URL": settings.store_url,
            "MONITOR_INGEST__STARTER_FEEDS": str(settings.ingest.starter_feeds).lower(),
        }
        if replay is not None:
            # The stages read the settings themselves: the user's receivers, and the routes that name them, among them.
            environment |= {
                "MONITOR_ALERTS__RECEIVERS": f"[{CONSOLE.model_dump_json(exclude_defaults=True)}]",
                "MONITOR_ALERTS__ROUTES": "[]",
            }
        supervisor = stack.enter_context(Supervisor(data_dir / "logs", say))
        log = data_dir / "logs" / "dispatch.log"
        log.touch()
        earlier = log.stat().st_size
        arguments = _replay_arguments(data_dir, replay)
        for stage in STAGES:
            for replica in range(1, (classifiers if stage == "classify" else 1) + 1):
                name = f"{stage}-{replica}" if stage == "classify" and classifiers > 1 else stage
                supervisor.add(name, [*_monitor("stage", stage, "--replica", str(replica)), *arguments], environment)
        if schedule:
            supervisor.add("schedule", _monitor("schedule"), environment, needed=False)
        dashboard_url = ""
        if dashboard:
            address = settings.dashboard.address
            dashboard_url = f"http://{address}:{dashboard_port}"
            supervisor.add("dashboard", streamlit_command(address, dashboard_port), environment, needed=False)
        yield Line(supervisor, bootstrap, settings.store_url, dashboard_url, broker, say, log, earlier)


def absolute_store(settings: Settings) -> Settings:
    """The settings with a store URL that means the same in every folder."""
    url = settings.store.url or f"sqlite:///{settings.data_dir.absolute() / 'monitor.db'}"
    return settings.model_copy(
        update={"store": settings.store.model_copy(update={"url": url}), "data_dir": settings.data_dir.absolute()}
    )


def _listening_port(dashboard: DashboardSettings) -> int:
    """A port that the dashboard can have now: the dashboard itself would tell its log alone that it cannot."""
    if not dashboard.port:
        return free_port()
    address, port = dashboard.address, dashboard.port
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        socket.create_server((address, port), family=family).close()
    except OSError as error:
        raise InputError(
            f"dashboard.port: {address}:{port} cannot be listened on ({error}).",
            "End what listens there, or set another port; 0 takes a free one.",
        ) from error
    return port


def _replay_arguments(data_dir: Path, replay: ReplayJob | None) -> list[str]:
    if replay is None:
        return []
    path = data_dir / "replay-job.json"
    path.write_bytes(msgspec.json.encode(replay))
    return ["--replay", str(path)]


def _monitor(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "monitor", *arguments]


def streamlit_command(address: str, port: int) -> list[str]:
    """The command that serves the dashboard: no usage statistics, no file watching, no first-run questions."""
    options = {
        "server.address": address,
        "server.port": str(port),
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
        "client.toolbarMode": "minimal",
    }
    flags = [f"--{name}={value}" for name, value in options.items()]
    return [sys.executable, "-m", "streamlit", "run", str(_dashboard_app()), *flags]


def _dashboard_app() -> Path:
    spec = importlib.util.find_spec("dashboards")
    if spec is None or not spec.submodule_search_locations:
        raise WorkerError("The dashboard is not installed.", "Install the package whole.")
    return Path(spec.submodule_search_locations[0]) / "app.py"
