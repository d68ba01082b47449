"""Where settings come from, which one wins, and what a wrong one is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from monitor.errors import SettingsError
from monitor.settings import CONFIG_VARIABLE, Settings, load_settings


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings but those of the test: an empty working directory, and nothing of ours in the environment."""
    import os

    for name in [name for name in os.environ if name.startswith("MONITOR_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def write(text: str, name: str = "monitor.toml") -> None:
    Path(name).write_text(text, encoding="utf-8")


def fault() -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings()
    return str(caught.value)


def test_everything_has_a_default_that_is_allowed() -> None:
    settings = load_settings()
    assert settings.store_url == "sqlite:///var/monitor.db"
    assert settings.kafka.bootstrap == ""
    assert [receiver.name for receiver in settings.alerts.receivers] == ["console"]
    assert Settings.model_validate(settings.model_dump(mode="json")) == settings


def test_arguments_win_over_the_environment_and_the_environment_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    write('[kafka]\nbootstrap = "file:1"\npartitions = 7\n[classify]\nthreads = 2\n')
    assert load_settings().kafka.bootstrap == "file:1"
    monkeypatch.setenv("MONITOR_KAFKA__BOOTSTRAP", "environment:1")
    settings = load_settings()
    assert (settings.kafka.bootstrap, settings.kafka.partitions, settings.classify.threads) == ("environment:1", 7, 2)
    assert load_settings(kafka={"bootstrap": "argument:1"}).kafka.bootstrap == "argument:1"


def test_the_environment_may_name_another_file(monkeypatch: pytest.MonkeyPatch) -> None:
    write('data_dir = "here"\n')
    write('data_dir = "there"\n', "other.toml")
    monkeypatch.setenv(CONFIG_VARIABLE, "other.toml")
    assert load_settings().data_dir == Path("there")
    monkeypatch.setenv(CONFIG_VARIABLE, "missing.toml")
    assert fault().startswith("MONITOR_CONFIG names missing.toml, which is not a file.")


def test_lists_are_given_in_the_environment_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONITOR_SOURCES", '[{"name": "wire", "path": "wire.csv"}]')
    monkeypatch.setenv("MONITOR_CLASSIFY__LANGUAGES", '["en", "de"]')
    settings = load_settings()
    assert [source.name for source in settings.sources] == ["wire"]
    assert settings.classify.languages == ("en", "de")
    monkeypatch.setenv("MONITOR_SOURCES", "wire.csv")
    assert "sources" in fault()


def test_a_list_of_the_environment_that_is_not_json_is_named_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONITOR_KAFKA__SASL_USERNAME", "desk-token-0123456789")  # the same value, where it is none
    monkeypatch.setenv("MONITOR_INGEST__PUSH__TOKENS", "desk-token-0123456789")
    assert fault().startswith("Settings are not valid. ingest.push.tokens: MONITOR_INGEST__PUSH__TOKENS is not JSON.")
    assert "desk-token" not in fault()


@pytest.mark.parametrize(
    ("variable", "nearest"),
    [
        ("MONITOR_KAFKA_BOOTSTRAP", "MONITOR_KAFKA__BOOTSTRAP"),
        ("MONITOR_STORE_URL", "MONITOR_STORE__URL"),
        ("MONITOR_DATADIR", "MONITOR_DATA_DIR"),
        ("MONITOR_DATA_DIR__LOGS", "MONITOR_DATA_DIR"),
        ("MONITOR_DATA_DIR__", "MONITOR_DATA_DIR"),
        ("MONITOR_INGEST_PUSH_TOKENS", "MONITOR_INGEST__PUSH__TOKENS"),
        ("MONITOR_CONFIGURATION", "MONITOR_CONFIG"),
        ("MONITOR_KAFAK__BOOTSTRAP", "MONITOR_KAFKA__BOOTSTRAP"),
        ("MONITOR_DASHBOARD_PORT", "MONITOR_DASHBOARD__PORT"),
    ],
)
def test_a_misspelt_variable_is_refused_with_the_nearest_one(
    variable: str, nearest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "1234567")
    assert f"{variable}: there is no such setting (nearest: {nearest})." in fault()
    assert "1234567" not in fault()


def test_a_variable_that_is_near_to_none_is_refused_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONITOR_XYZZY", "1")
    monkeypatch.setenv("MONITOR_QQQ", "1")
    assert "MONITOR_QQQ: there is no such setting; MONITOR_XYZZY: there is no such setting." in fault()


def test_a_section_may_be_given_whole_and_a_name_in_small_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONITOR_INGEST", "{}")  # a whole section, as JSON
    monkeypatch.setenv("monitor_kafka__partitions", "3")
    assert load_settings().kafka.partitions == 3


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("MONITOR_SERVICE_HOST", "10.0.0.1"),
        ("MONITOR_SERVICE_PORT", "8501"),
        ("MONITOR_SERVICE_PORT_HTTP", "8501"),
        ("MONITOR_PORT", "tcp://10.0.0.1:8501"),
        ("MONITOR_DASHBOARD_PORT", "tcp://10.0.0.1:8501"),
        ("MONITOR_PORT_8501_TCP", "tcp://10.0.0.1:8501"),
        ("MONITOR_PORT_8501_TCP_ADDR", "10.0.0.1"),
    ],
)
def test_what_kubernetes_tells_of_a_service_called_monitor_is_no_setting(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    assert load_settings() == Settings()


def test_a_store_url_is_taken_as_it_is() -> None:
    write('[store]\nurl = "postgresql://host/name"\n')
    assert load_settings().store_url == "postgresql://host/name"


def test_a_file_for_the_store_lies_in_a_folder_that_is_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MONITOR_STORE__URL", f"sqlite:///{tmp_path}/slip/monitor.db")
    assert f"store.url: the folder {tmp_path}/slip is not there" in fault()
    monkeypatch.setenv("MONITOR_STORE__URL", f"sqlite:///{tmp_path}/monitor.db?timeout=5")
    assert load_settings().store_url.endswith("/monitor.db?timeout=5")
    monkeypatch.setenv("MONITOR_STORE__URL", "sqlite:///monitor.db")
    assert load_settings().store_url == "sqlite:///monitor.db"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[kafka]\npartitions = 0\n", "kafka.partitions: input should be greater than or equal to 1 (given: 0)"),
        ("[kafka]\npartition = 3\n", "kafka.partition: there is no such setting"),
        ("[kafak]\n", "kafak: there is no such setting"),
        ('[kafka]\ntopic_prefix = "a b"\n', "kafka.topic_prefix"),
        ('[[sources]]\nname = "a"\npath = "x"\n[[sources]]\nname = "a"\npath = "y"\n',
         "sources: source names must be unique, but a stand more than once"),
        ('[[sources]]\nname = "push"\npath = "x"\n', "sources: push is the name of what programs post"),
        ('[[sources]]\nname = "stdin"\npath = "x"\n', "sources: stdin is the name of what is piped in"),
        ('[[alerts.receivers]]\nname = "hook"\nkind = "webhook"\n',
         "a webhook needs a url, and only a webhook has one"),
        ('[[alerts.routes]]\nmatchers = ["colour=red"]\nreceivers = []\n', "names the label colour"),
        ("[store]\nretention_days = nan\n", "store.retention_days"),
        ("[kafka\n", "monitor.toml is not valid TOML"),
        ("[surges]\ntick_seconds = 61\n", "surges.tick_seconds"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_named_with_what_is_allowed(text: str, said: str) -> None:
    write(text)
    assert said in fault()


def test_several_faults_are_told_at_once() -> None:
    write("[kafka]\npartitions = 0\n[classify]\nthreads = -1\n")
    assert "kafka.partitions" in fault()
    assert "classify.threads" in fault()


@pytest.mark.parametrize(
    "text",
    [
        "[kafka]\nsasl_password = 1234567\n",
        '[kafka]\nsasl_passwort = "1234567"\n',
        '[[alerts.receivers]]\nname = "hook"\nkind = "webhook"\nurl = 1234567\n',
        '[[alerts.receivers]]\nname = "hook"\nkind = "webhook"\nsecret = ["1234567"]\n',
        "[store]\nurl = 1234567\n",
    ],
)
def test_no_secret_is_shown_even_where_its_name_is_misspelt(text: str) -> None:
    write(text)
    assert "1234567" not in fault()


def test_a_password_from_the_environment_is_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONITOR_KAFKA__SASL_PASSWORD", "hidden")
    settings = load_settings()
    assert settings.kafka.sasl_password == SecretStr("hidden")
    assert "hidden" not in repr(settings)


def test_a_file_that_is_not_text_is_an_error_that_names_it() -> None:
    Path("monitor.toml").write_bytes(b'data_dir = "\xff"\n')
    assert fault().startswith("monitor.toml is not UTF-8")
