"""What Kafka itself costs: CPU time per message of one produce and one consume, on the embedded broker.

    python -m benchmarks.broker_hops --json

An article takes two hops (articles, scored), so twice the sum. The last line is one JSON object; its figures are
microseconds of one core per message, client and broker apart.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.util import find_spec

import psutil

from monitor.broker.client import Connection, KafkaClient
from monitor.broker.embedded import EmbeddedBroker

TOPIC, PARTITIONS = "hops", 4
_POLL_RECORDS, _POLL_SECONDS = 2_000, 1.0
_FLUSH_SECONDS = 60.0


@dataclass(frozen=True)
class Cost:
    """Microseconds per message: of the client's CPU, of the broker's CPU, and of the clock."""

    client: float
    broker: float
    wall: float


def measure(work: Callable[[], None], broker_pid: int, messages: int) -> Cost:
    """The cost of `work`, shared out over `messages`."""
    broker = psutil.Process(broker_pid)

    def broker_seconds() -> float:
        times = broker.cpu_times()
        return float(times.user + times.system)

    before = time.process_time(), broker_seconds(), time.perf_counter()
    work()
    after = time.process_time(), broker_seconds(), time.perf_counter()
    client, server, wall = (1e6 * (late - early) / messages for early, late in zip(before, after, strict=True))
    return Cost(round(client, 1), round(server, 1), round(wall, 1))


def texts(messages: int, size: int) -> list[bytes]:
    """Messages of `size` bytes in words of a small vocabulary, so that compression finds what it finds in news."""
    rng = random.Random(0)
    words = ["".join(rng.choices("etaoinshrdlu", k=rng.randint(2, 9))) for _ in range(2_000)]
    return [" ".join(rng.choices(words, k=size // 4))[:size].encode() for _ in range(messages)]


def hops(messages: int, size: int, rate: float | None, compression: str | None) -> dict[str, object]:
    """Sends and then reads `messages` messages of `size` bytes, at `rate` a second (None: as fast as it goes)."""
    values = texts(messages, size)
    with EmbeddedBroker() as broker, KafkaClient(Connection(bootstrap=broker.bootstrap)) as client:
        client.topics.ensure({TOPIC: PARTITIONS})
        with client.producer(compression=compression) as producer, client.reader([TOPIC]) as reader:

            def produce() -> None:
                start = time.perf_counter()
                for number, value in enumerate(values):
                    if rate is not None:
                        time.sleep(max(0.0, start + number / rate - time.perf_counter()))
                    producer.send(TOPIC, value, partition=number % PARTITIONS)
                producer.flush(_FLUSH_SECONDS)

            def consume() -> None:
                read = 0
                while read < messages:
                    read += len(reader.poll(_POLL_RECORDS, _POLL_SECONDS))

            reader.pause([(TOPIC, number) for number in range(PARTITIONS)])
            produced = measure(produce, broker.pid, messages)
            reader.resume([(TOPIC, number) for number in range(PARTITIONS)])
            consumed = measure(consume, broker.pid, messages)
        resident = psutil.Process(broker.pid).memory_info().rss
    hop = produced.client + produced.broker + consumed.client + consumed.broker
    return {
        "messages": messages,
        "bytes": size,
        "crc32c_compiled": find_spec("crc32c") is not None,
        "compression": compression,
        "produce_microseconds": asdict(produced),
        "consume_microseconds": asdict(consumed),
        "two_hops_microseconds": round(2 * hop, 1),
        "two_hops_client_microseconds": round(2 * (produced.client + consumed.client), 1),
        "broker_resident_bytes": resident,
    }


def main() -> None:
    """Runs the measurement and prints it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=40_000)
    parser.add_argument("--bytes", type=int, default=600)
    parser.add_argument("--rate", type=float, help="messages a second; as fast as it goes when not given")
    parser.add_argument("--compression", choices=["gzip", "lz4"])
    parser.add_argument("--json", action="store_true", help="print the JSON object alone")
    options = parser.parse_args()
    found = hops(options.messages, options.bytes, options.rate, options.compression)
    if not options.json:
        print(f"two hops: {found['two_hops_microseconds']} microseconds of one core per message")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
