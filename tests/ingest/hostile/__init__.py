"""A web server that misbehaves in every way we know of, and the verdict that each deserves.

Each behaviour has a host of its own, `http://<name>.hostile.test:<port>/feed`, so that politeness toward one and its
robots.txt say nothing about another. `serving()` runs the server; `Hostile.resolver` finds its hosts; `Hostile.allow`
lets the fetcher contact its two ports on the loopback interface and nothing else; `contacts()` tells what it tried to.

    with serving() as hostile:
        fetcher = Fetcher(user_agent="test", limits=LIMITS, clock=clock, allow=hostile.allow, resolver=hostile.resolver)
        fetcher.get(hostile.url("entity_expansion"))
"""

from tests.ingest.hostile.acts import Behaviour
from tests.ingest.hostile.bodies import FEEDS
from tests.ingest.hostile.lines import contacts, trusted_by_tests
from tests.ingest.hostile.server import BEHAVIOURS, Hostile, serving

__all__ = ["BEHAVIOURS", "FEEDS", "Behaviour", "Hostile", "contacts", "serving", "trusted_by_tests"]
