"""Every setting: its type, its default, what it means and what is allowed.

Values come, the later ones winning, from the defaults here, from `monitor.toml` in the working directory (or the file
that `MONITOR_CONFIG` names) and from the environment (`MONITOR_KAFKA__BOOTSTRAP=...`: sections and names joined by two
underscores). `docs/settings.md` is generated from this module.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource
from pydantic_settings import SettingsError as SourceError

from monitor.alerts.lifecycle import LifecycleRules
from monitor.alerts.routing import Receiver, Route, check_routes
from monitor.classify.options import ClassifySettings
from monitor.errors import SettingsError
from monitor.learning.data.labelled_files import LabelledFile
from monitor.learning.deciding.retraining import RetrainingRules
from monitor.learning.judging.acceptance import JudgingRules
from monitor.settings_faults import check_names, explain, explain_json
from monitor.settings_sources import AnySource, IngestSettings
from monitor.surges.rules import SurgeRules

CONFIG_VARIABLE = "MONITOR_CONFIG"
DEFAULT_CONFIG = Path("monitor.toml")
_PREFIX = "MONITOR_"

Seconds = Annotated[float, Field(gt=0)]


class Section(BaseModel):
    """A table of the settings file; a name that it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class KafkaSettings(Section):
    """Where the topics live."""

    bootstrap: str = Field(
        default="",
        description="Addresses of the Kafka cluster, `host:port,host:port`; empty: an embedded broker is started, "
        "which keeps nothing on disk.",
    )
    topic_prefix: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9._-]*$",
        description="Put before the names of topics and consumer group, so that several monitors can share a cluster.",
    )
    partitions: int = Field(
        default=4,
        ge=1,
        le=1000,
        description="Partitions of `articles` and `scored` when created; so many classifiers can share the work.",
    )
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        default="PLAINTEXT", description="How to talk to the cluster."
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        default="SCRAM-SHA-512", description="How to log in, where the protocol is a SASL one."
    )
    sasl_username: str = Field(default="", description="Login name, where the protocol is a SASL one.")
    sasl_password: SecretStr = Field(
        default=SecretStr(""), description="Password; better given by the environment than in the file."
    )
    ssl_cafile: str = Field(
        default="", description="File with the certificate authority of the cluster; empty: the system's."
    )


class StoreSettings(Section):
    """Where results live."""

    url: str = Field(
        default="",
        description="`postgresql://user:password@host/name` or `sqlite:////path`, whose folder must be there; empty: a "
        "SQLite file in `data_dir`.",
    )
    retention_days: int = Field(
        default=400,
        ge=7,
        description="Articles and counts older than this (by event time) are deleted by the nightly job.",
    )

    @field_validator("url")
    @classmethod
    def _folder_is_there(cls, url: str) -> str:
        # Else a slip of the pen would make an empty store in a new folder, in which nothing is found.
        scheme, slashes, path = url.partition(":///")
        folder = Path(path.partition("?")[0]).parent
        if slashes and scheme == "sqlite" and not os.access(folder, os.F_OK):
            raise ValueError(f"the folder {folder} is not there; correct the path, or make the folder")
        return url


class SurgeSettings(Section):
    """How surges are found: the rules, and the rhythm of the live worker."""

    rules: SurgeRules = Field(default=SurgeRules(), description="Thresholds and horizons of the statistics.")
    tick_seconds: Seconds = Field(
        default=1.0,
        le=60,
        description="How often, live, the open minute is assessed; ingest writes watermarks at this rhythm.",
    )
    stall_seconds: Seconds = Field(
        default=5.0,
        description="Live: when watermarks stay away so long (a stage is down), the clock moves time on.",
    )


class AlertSettings(Section):
    """How surges become alerts, and who is told."""

    lifecycle: LifecycleRules = Field(
        default=LifecycleRules(), description="When an alert fires, recedes and resolves."
    )
    receivers: tuple[Receiver, ...] = Field(
        default=(Receiver(name="console", kind="console"),), description="Who is told, and how."
    )
    routes: tuple[Route, ...] = Field(
        default=(), description="Which alerts go to which receivers; with none, every alert goes to every receiver."
    )
    give_up_hours: float = Field(
        default=24.0,
        gt=0,
        description="A notification that no attempt delivered in this time is given up, to be replayed by hand.",
    )

    @model_validator(mode="after")
    def _receivers_exist(self) -> Self:
        try:
            check_routes(self.routes, self.receivers)
        except SettingsError as error:
            raise ValueError(str(error)) from error
        return self


class LearningSettings(Section):
    """Where models are kept, and when they are trained anew."""

    registry_url: str = Field(
        default="",
        description="Where model versions lie, for every machine of the monitor: a shared folder, or a URL of fsspec "
        "such as `s3://bucket/models` (install its driver); empty: the folder `models` in `data_dir`.",
    )
    retraining: RetrainingRules = Field(default=RetrainingRules(), description="When a model is trained anew.")
    judging: JudgingRules = Field(
        default=JudgingRules(), description="What a candidate must show to take the champion's place."
    )
    old_data: tuple[LabelledFile, ...] = Field(
        default=(),
        description="Earlier training files, mixed with new labels so that the old is not forgotten; with none, the "
        "champion's own confident answers stand in.",
    )
    frozen_data: tuple[LabelledFile, ...] = Field(
        default=(), description="Labelled files that no model was trained on; every candidate is judged on them."
    )


class DashboardSettings(Section):
    """The Streamlit dashboard."""

    port: int = Field(default=8501, ge=0, le=65535, description="TCP port on the loopback interface; 0: a free one.")
    address: str = Field(
        default="127.0.0.1",
        description="Address to listen on; anything but loopback needs a proxy with authentication before it.",
    )
    refresh_seconds: float = Field(default=2.0, ge=0.5, le=300, description="How often an open page renews itself.")


class ScheduleSettings(Section):
    """When jobs run, as crontab(5) writes it: of two restricted day fields either may match."""

    retention: str = Field(default="17 3 * * *", description="Deletes what is older than `store.retention_days`.")
    retrain: str = Field(
        default="41 4 * * *",
        description="Looks whether a model is due to be trained anew, and does it; training needs the extra `train`.",
    )


_OWN_NAMES: Final = {"push": "programs post", "stdin": "is piped in"}
"""Of sources that stand in no settings; one of the same name would share its place with them."""


class Settings(BaseSettings):
    """All settings."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
    )

    data_dir: Path = Field(
        default=Path("var"), description="Folder for everything that is kept: the default store, logs, caches."
    )
    kafka: KafkaSettings = Field(default=KafkaSettings(), description="Where the topics live.")
    store: StoreSettings = Field(default=StoreSettings(), description="Where results live.")
    ingest: IngestSettings = Field(default=IngestSettings(), description="How sources are read.")
    sources: tuple[AnySource, ...] = Field(default=(), description="What `monitor up` reads.")
    classify: ClassifySettings = Field(default=ClassifySettings(), description="How articles are scored.")
    surges: SurgeSettings = Field(default=SurgeSettings(), description="How surges are found.")
    alerts: AlertSettings = Field(default=AlertSettings(), description="How surges become alerts.")
    learning: LearningSettings = Field(default=LearningSettings(), description="How models are kept and trained anew.")
    dashboard: DashboardSettings = Field(default=DashboardSettings(), description="The dashboard.")
    schedule: ScheduleSettings = Field(
        default=ScheduleSettings(),
        description="When jobs run: crontab expressions of five fields (minute, hour, day, month, weekday; 0 and 7 are "
        "Sunday), in UTC; empty: never. `monitor doctor` and `monitor schedule` say what is wrong with one.",
    )

    @field_validator("sources")
    @classmethod
    def _names_are_unique(cls, sources: tuple[AnySource, ...]) -> tuple[AnySource, ...]:
        names = [source.name for source in sources]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise ValueError(f"source names must be unique, but {', '.join(repeated)} stand more than once")
        for name, what in _OWN_NAMES.items():
            if name in names:
                raise ValueError(f"{name} is the name of what {what}: give the source another one")
        return sources

    @property
    def store_url(self) -> str:
        """The store's URL, with the default filled in."""
        return self.store.url or f"sqlite:///{self.data_dir / 'monitor.db'}"

    @property
    def registry_url(self) -> str:
        """The URL of the model registry, with the default filled in."""
        return self.learning.registry_url or str(self.data_dir / "models")

    @property
    def model_cache(self) -> Path:
        """The folder of model versions fetched to this machine."""
        return self.data_dir / "cache" / "models"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic passes it by name
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - likewise
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win over the environment, the environment over the file, the file over the defaults."""
        return (init_settings, env_settings, TomlConfigSettingsSource(settings_cls, _config_file()))


def _config_file() -> Path:
    return Path(os.environ.get(CONFIG_VARIABLE) or DEFAULT_CONFIG)


def load_settings(**overrides: Any) -> Settings:
    """Reads the settings.

    Args:
        overrides: Values that win over file and environment, as nested dictionaries.

    Raises:
        SettingsError: The file cannot be read, or a value is not allowed; names the key, the value and what is allowed.
            Or a variable of the environment is no setting.
    """
    check_names(os.environ, _PREFIX, CONFIG_VARIABLE, Settings)
    named = os.environ.get(CONFIG_VARIABLE)
    if named and not Path(named).is_file():
        raise SettingsError(f"{CONFIG_VARIABLE} names {named}, which is not a file.", "Correct or unset it.")
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise explain(error) from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{_config_file()} is not valid TOML: {error}.", "Correct that line.") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{_config_file()} is not UTF-8 ({error.reason}).", "Save it as UTF-8.") from error
    except OSError as error:
        raise SettingsError(f"{_config_file()} cannot be read: {error.strerror}.", "Check its rights.") from error
    except SourceError as error:
        raise explain_json(error, os.environ, _PREFIX, Settings) from error
