from __future__ import annotations

import hashlib
import hmac
import io
import logging
import socket
from base64 import b64encode

import msgspec
import pytest
from pydantic import SecretStr

from monitor.alerts.channels import Console, open_channels
from monitor.alerts.channels_webhook import Webhook
from monitor.alerts.routing import Receiver
from monitor.alerts.wording import Payload, payload, text
from monitor.errors import DeliveryError
from tests.alerts.builders import START, notification, story
from tests.alerts.server import Answer, Server


def webhook(url: str, *, secret: str = "", allow_private: bool = False, timeout_seconds: float = 10.0) -> Webhook:
    receiver = Receiver(
        name="hook",
        kind="webhook",
        url=SecretStr(url),
        secret=SecretStr(secret),
        allow_private=allow_private,
        timeout_seconds=timeout_seconds,
    )
    return Webhook(receiver, lambda: START)


def failure(channel: Webhook) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        channel.send(notification())
    return caught.value


def test_a_webhook_posts_the_payload_with_the_notifications_id(server: Server) -> None:
    message = notification(stories=(story(),))
    webhook(server.url).send(message)
    request = server.next()
    assert msgspec.json.decode(request.body, type=Payload) == payload(message)
    assert request.path == "/hook"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["idempotency-key"] == message.id
    assert request.headers["user-agent"] == "sentiment-monitor"
    assert request.headers["host"] == f"127.0.0.1:{server.port}"
    assert "x-monitor-signature" not in request.headers


def test_a_receiver_with_a_secret_can_authenticate_the_post(server: Server) -> None:
    webhook(server.url, secret="hush").send(notification())
    request = server.next()
    timestamp = request.headers["x-monitor-timestamp"]
    assert int(timestamp) == int(START.timestamp())
    expected = hmac.new(b"hush", timestamp.encode() + b"." + request.body, hashlib.sha256).hexdigest()
    assert request.headers["x-monitor-signature"] == f"v1={expected}"


def test_what_is_secret_in_a_url_reaches_the_receiver_and_no_log(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    webhook(f"http://user:pass%20word@127.0.0.1:{server.port}/T0KEN?key=K3Y", secret="hush").send(notification())
    request = server.next()
    assert request.path == "/T0KEN?key=K3Y"
    assert request.headers["authorization"] == f"Basic {b64encode(b'user:pass word').decode()}"
    assert not [secret for secret in ("T0KEN", "K3Y", "pass", "hush") if secret in caplog.text]


def test_a_name_with_several_addresses_is_tried_at_each(server: Server) -> None:
    # "localhost" is often ::1 first, where this server does not listen.
    webhook(f"http://localhost:{server.port}/hook").send(notification())
    assert server.next().headers["host"] == f"localhost:{server.port}"


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_every_2xx_is_delivered(server: Server, status: int) -> None:
    server.answers(Answer(status))
    webhook(server.url).send(notification())
    assert server.received.qsize() == 1


@pytest.mark.parametrize(("status", "retryable"), [(500, True), (502, True), (408, True), (400, False), (404, False)])
def test_failures_are_retryable_and_refusals_are_not(server: Server, status: int, retryable: bool) -> None:
    server.answers(Answer(status))
    fault = failure(webhook(server.url))
    assert fault.retryable is retryable
    assert fault.retry_after_seconds is None
    assert str(fault) == f"Receiver hook answered HTTP {status}."


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        ("Fri, 10 Mar 2023 09:00:30 GMT", 30.0),
        ("Fri, 10 Mar 2023 08:00:00 GMT", 0.0),
        ("soon", None),
        ("Mon, 1 Jan 99999999999 00:00:00 GMT", None),
    ],
)
def test_retry_after_is_read_in_seconds_and_as_a_date(
    server: Server, status: int, header: str, seconds: float | None
) -> None:
    server.answers(Answer(status, {"Retry-After": header}))
    fault = failure(webhook(server.url))
    assert (fault.retryable, fault.retry_after_seconds) == (True, seconds)


def test_redirects_are_not_followed_and_final(server: Server) -> None:
    server.answers(Answer(307, {"Location": server.url + "/elsewhere"}))
    fault = failure(webhook(server.url))
    assert not fault.retryable
    assert "redirects are not followed" in str(fault)
    assert server.received.qsize() == 1


def test_a_connection_that_is_reset_is_retryable(server: Server) -> None:
    server.answers(Answer(reset=True))
    assert failure(webhook(server.url)).retryable


def test_a_receiver_that_hangs_is_given_up_after_its_timeout(server: Server) -> None:
    server.answers(Answer(hang=True))
    fault = failure(webhook(server.url, timeout_seconds=0.2))
    assert fault.retryable
    assert "127.0.0.1 did not answer" in str(fault)


def test_a_receiver_that_answers_byte_by_byte_is_given_up_after_its_timeout(server: Server) -> None:
    server.answers(Answer(drip=True))
    fault = failure(webhook(server.url, timeout_seconds=0.3))
    assert fault.retryable
    assert "127.0.0.1 did not answer" in str(fault)


def test_a_port_where_nobody_listens_is_retryable(unused_port: int) -> None:
    fault = failure(webhook(f"http://127.0.0.1:{unused_port}/"))
    assert fault.retryable
    assert "cannot be reached" in str(fault)


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1",
        "192.168.1.1",
        "172.16.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "[fe80::1]",
        "[fd00::1]",
        "[::ffff:10.0.0.1]",
        "[64:ff9b::a00:1]",
        "[2002:a00:1::]",
    ],
)
def test_private_addresses_are_refused_for_good(address: str) -> None:
    fault = failure(webhook(f"https://{address}/T0KEN"))
    assert not fault.retryable
    assert "is a private address" in str(fault)
    assert "T0KEN" not in str(fault)


def test_a_receiver_may_be_allowed_to_post_to_private_addresses(server: Server) -> None:
    # A non-global address that Linux connects to this machine.
    webhook(f"http://0.0.0.0:{server.port}/hook", allow_private=True).send(notification())
    assert server.received.qsize() == 1


def test_clear_text_to_a_public_address_is_refused_for_good() -> None:
    fault = failure(webhook("http://93.184.216.34/T0KEN"))
    assert not fault.retryable
    assert "clear text" in str(fault)
    assert "T0KEN" not in str(fault)


def test_a_host_that_no_name_can_stand_for_is_refused_for_good() -> None:
    fault = failure(webhook("https://\N{SNOWMAN}.example/T0KEN"))
    assert not fault.retryable
    assert "T0KEN" not in str(fault)


def test_the_console_writes_the_plain_message_where_there_is_no_terminal() -> None:
    written = io.StringIO()
    message = notification(stories=(story("[bold]Bank[/bold] shares \x1b[31mplunge"),))
    Console(written).send(message)
    assert written.getvalue() == text(message) + "\n\n"
    assert "- [bold]Bank[/bold] shares [31mplunge (wire" in written.getvalue()


def test_a_closed_console_is_a_failed_delivery() -> None:
    closed = io.StringIO()
    closed.close()
    with pytest.raises(DeliveryError):
        Console(closed).send(notification())


def test_every_receiver_has_a_channel_by_its_name(server: Server) -> None:
    receivers = (
        Receiver(name="me", kind="console"),
        Receiver(name="desk", kind="webhook", url=SecretStr(server.url)),
    )
    channels = open_channels(receivers, lambda: START)
    channels["desk"].send(notification())
    assert server.next().headers["x-monitor-timestamp"] == str(int(START.timestamp()))
    assert isinstance(channels["me"], Console)
