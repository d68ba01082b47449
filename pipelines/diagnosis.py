"""What `monitor doctor` looks at: everything the line needs, and what about it is unsafe."""

from __future__ import annotations

import importlib.util
import ipaddress
import shutil
from collections.abc import Callable, Iterator
from typing import Literal

import msgspec

from monitor.alerts.channels_webhook import checked
from monitor.alerts.routing import Receiver
from monitor.alerts.wording import ahead_of_now
from monitor.broker.embedded import find_program
from monitor.classify.choosing import open_engine
from monitor.clock import system_clock
from monitor.errors import DeliveryError, MonitorError
from monitor.settings import Settings
from monitor.settings_sources import CommentsSettings, FileSettings
from monitor.store import counting
from monitor.store.database import Database
from pipelines.stages import kafka_client

Level = Literal["ok", "warning", "fault"]
_LEAST_FREE_BYTES = 2_000_000_000


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at."""

    level: Level
    subject: str
    what: str
    remedy: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Looks at everything; what raises becomes a fault."""
    checks: list[tuple[str, Callable[[Settings], Iterator[Finding]]]] = [
        ("kafka", _kafka),
        ("store", _store),
        ("model", _model),
        ("sources", _sources),
        ("receivers", _receivers),
        ("exposures", exposures),
        ("schedule", _schedule),
        ("disk", _disk),
        ("training", _training),
    ]
    findings: list[Finding] = []
    for subject, check in checks:
        try:
            findings.extend(check(settings))
        except MonitorError as error:
            findings.append(Finding("fault", subject, error.what, error.remedy))
    return findings


def _kafka(settings: Settings) -> Iterator[Finding]:
    kafka = settings.kafka
    if not kafka.bootstrap:
        program = find_program()
        yield Finding(
            "warning",
            "kafka",
            (
                f"No cluster is set, so an embedded broker is used ({program.name}). "
                "It keeps nothing on disk: what no stage has read is lost when it stops."
            ),
            "Set kafka.bootstrap for anything but a trial.",
        )
        return
    with kafka_client(settings, "doctor") as client:
        client.topics.ensure({})
        yield Finding("ok", "kafka", f"The cluster at {kafka.bootstrap} answers.")


def _store(settings: Settings) -> Iterator[Finding]:
    with Database.open(settings.store_url) as database:
        yield Finding("ok", "store", f"{database.url} is open and at this version's schema.")
        with database.read() as connection:
            progress = counting.read_progress(connection, "surges")
        if progress and (ahead := progress.ahead_of(system_clock())):
            yield Finding(
                "warning",
                "store",
                f"Stream time is {ahead_of_now(ahead)}.",
                "Set the clocks of all machines right, by NTP.",
            )
        if database.dialect == "sqlite":
            yield Finding(
                "ok",
                "store",
                (
                    "SQLite serves one machine; "
                    "for several, or more than a few million articles, set store.url to PostgreSQL."
                ),
            )


def _model(settings: Settings) -> Iterator[Finding]:
    from pipelines.finding_models import find_model

    engine = open_engine(find_model(settings), threads=1)
    engine.classify(["Shares fall after the bank warns of losses"])
    yield Finding("ok", "model", f"{engine.model_version} is whole and classifies.")


def _sources(settings: Settings) -> Iterator[Finding]:
    if not settings.sources:
        yield Finding(
            "warning",
            "sources",
            "None are set, so `monitor up` reads nothing.",
            "Add [[sources]] to monitor.toml; see docs/settings.md.",
        )
    for source in settings.sources:
        path = source.path if isinstance(source, FileSettings | CommentsSettings) else None
        if path is None:
            yield Finding("ok", "sources", f"{source.name} ({source.kind}) is set; `monitor sources check` asks it.")
        elif path.is_file():
            yield Finding("ok", "sources", f"{source.name}: {path} is there.")
        else:
            yield Finding(
                "warning",
                "sources",
                f"{source.name}: {path} does not exist (yet).",
                "It is read once it does; check the path.",
            )


def _receivers(settings: Settings) -> Iterator[Finding]:
    receivers = settings.alerts.receivers
    if not receivers:
        yield Finding(
            "warning",
            "receivers",
            "None are set, so nobody is told of alerts.",
            "Add [[alerts.receivers]] to monitor.toml.",
        )
    for receiver in receivers:
        faults = list(_webhook(receiver)) if receiver.kind == "webhook" else []
        yield from faults or [Finding("ok", "receivers", f"{receiver.name} ({receiver.kind}) is set.")]


def _webhook(receiver: Receiver) -> Iterator[Finding]:
    try:
        checked(receiver.url.get_secret_value(), allow_private=receiver.allow_private)
    except DeliveryError as error:
        # What may pass, such as a name that is not found for now, is tried again, so it is no fault of the settings.
        level: Level = "warning" if error.retryable else "fault"
        yield Finding(level, "receivers", f"{receiver.name}: {error.what}", error.remedy)
    if not receiver.secret.get_secret_value():
        yield Finding(
            "warning",
            "receivers",
            f"{receiver.name} gets unsigned posts, which anyone could forge.",
            "Give it a secret.",
        )


def exposures(settings: Settings) -> Iterator[Finding]:
    """What others on the network can read or reach, by the settings alone."""
    kafka, push, dashboard = settings.kafka, settings.ingest.push, settings.dashboard
    if kafka.bootstrap and kafka.security_protocol.endswith("PLAINTEXT") and not _all_loopback(kafka.bootstrap):
        yield Finding(
            "warning",
            "kafka",
            "Messages and logins travel unencrypted.",
            "Set kafka.security_protocol to SSL or SASL_SSL.",
        )
    if push.tokens:
        yield _listening(
            "push",
            push.address,
            push.port,
            "takes tokens and articles unencrypted",
            "Put a proxy that speaks TLS before it.",
        )
    yield _listening(
        "dashboard",
        dashboard.address,
        dashboard.port,
        "asks nobody who they are",
        "Put a proxy with authentication before it.",
    )


def _listening(subject: str, address: str, port: int, what: str, remedy: str) -> Finding:
    if _is_loopback(address):
        return Finding("ok", subject, f"It is set to listen on {address}:{port}, for this machine alone.")
    return Finding("warning", subject, f"It is set to listen on {address} and {what}.", remedy)


def _schedule(settings: Settings) -> Iterator[Finding]:
    from pipelines.schedule import triggers_of

    written = settings.schedule.model_dump()
    told = " and ".join(f"{job} at {written[job]}" for job in triggers_of(settings))
    what = f"`monitor schedule` runs {told} (UTC)." if told else "No job is set to run."
    yield Finding("ok", "schedule", what)


def _disk(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_dir.absolute()
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(existing).free
    level: Level = "ok" if free >= _LEAST_FREE_BYTES else "warning"
    yield Finding(
        level,
        "disk",
        f"{free / 1e9:.1f} GB are free for {folder}.",
        "" if level == "ok" else "Free some, or move data_dir.",
    )


def _training(_settings: Settings) -> Iterator[Finding]:
    if importlib.util.find_spec("torch") is None:
        yield Finding("ok", "training", "torch is not installed; only training needs it (extra `train`).")
    else:
        yield Finding("ok", "training", "torch is installed.")


def _all_loopback(bootstrap: str) -> bool:
    return all(_is_loopback(part.strip().rpartition(":")[0].strip("[]")) for part in bootstrap.split(","))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
