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


def test_a_store_url_is_taken_as_it_is() -> None:
    write('[store]\nurl = "postgresql://host/name"\n')
    assert load_settings().store_url == "postgresql://host/name"


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
