"""Redirects that lead nowhere, in circles, or to where no stranger may send us."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.ingest.web.fetcher import FetchFailure as T
from tests.ingest.hostile.acts import Behaviour, answers, counts_up, moved, redirects, swaps

INSIDE: Mapping[str, str] = {
    "loopback": "http://127.0.0.1:1080/",
    "loopback_by_name": "http://localhost:1080/",
    "loopback_high": "http://127.9.9.9/",
    "loopback_in_decimal": "http://2130706433/",
    "loopback_in_hex": "http://0x7f.0x0.0x0.0x1/",
    "loopback_short": "http://127.1/",
    "loopback_dotted": "http://127.0.0.1./",
    "loopback_v6": "http://[::1]/",
    "loopback_mapped": "http://[::ffff:127.0.0.1]/",
    "loopback_mapped_in_hex": "http://[::ffff:7f00:1]/",
    "loopback_compatible": "http://[::127.0.0.1]/",
    "loopback_nat64": "http://[64:ff9b::7f00:1]/",
    "loopback_6to4": "http://[2002:7f00:1::]/",
    "unspecified": "http://0.0.0.0:1080/",
    "unspecified_v6": "http://[::]/",
    "metadata": "http://169.254.169.254/latest/meta-data/",
    "metadata_mapped": "http://[::ffff:169.254.169.254]/",
    "metadata_v6": "http://[fd00:ec2::254]/",
    "metadata_by_name": "http://metadata.hostile.test/",
    "carrier": "http://100.64.0.1/",
    "private_ten": "http://10.0.0.1/",
    "private_twelve": "http://172.16.0.1/",
    "private_sixteen": "http://192.168.1.1/",
    "private_v6": "http://[fd00::1]/",
    "private_by_name": "http://inside.hostile.test/",
    "half_private_by_name": "http://half-inside.hostile.test/",
    "link_local": "http://169.254.1.1/",
    "link_local_v6": "http://[fe80::1]/",
    "link_local_zoned": "http://[fe80::1%25eth0]/",
    "multicast": "http://224.0.0.1/",
    "multicast_v6": "http://[ff02::1]/",
    "broadcast": "http://255.255.255.255/",
    "mail_port": "http://9.9.9.9:25/",
}
"""Where no redirect may lead."""

REDIRECTS: Mapping[str, Behaviour] = {
    "circle_of_one": Behaviour("redirects to itself", T.TOO_MANY_REDIRECTS, redirects("/feed")),
    "circle_of_two": Behaviour("redirects to and fro", T.TOO_MANY_REDIRECTS, swaps),
    "endless_redirects": Behaviour("redirects ever further", T.TOO_MANY_REDIRECTS, counts_up),
    "moved": Behaviour("it moved for good, twice", "new", moved(301, 308)),
    "moved_then_lent": Behaviour("it moved for good, and is elsewhere for now", "new", moved(301, 302)),
    "lent_then_moved": Behaviour("it is elsewhere for now, and moved there", "new", moved(307, 301)),
    "moved_five_times": Behaviour("as many redirects as are followed", "new", moved(302, 302, 302, 302, 302)),
    "moved_six_times": Behaviour("one more", T.TOO_MANY_REDIRECTS, moved(302, 302, 302, 302, 302, 302)),
    "to_nowhere": Behaviour("redirects without saying where", T.BAD_REDIRECT, answers(302)),
    "to_a_choice": Behaviour("redirects to one of many", T.BAD_REDIRECT, answers(300)),
    "to_a_file": Behaviour("redirects to a file", T.BAD_REDIRECT, redirects("file:///etc/passwd")),
    "to_a_script": Behaviour("redirects to a script", T.BAD_REDIRECT, redirects("javascript:alert(1)")),
    "to_gopher": Behaviour(
        "redirects to another protocol", T.BAD_REDIRECT, redirects("gopher://127.0.0.1:6379/_FLUSHALL")
    ),
    "to_no_port": Behaviour(
        "redirects to a port that cannot be", T.BAD_REDIRECT, redirects("http://hostile.test:99999/")
    ),
    "to_broken_address": Behaviour("redirects to what cannot be read", T.BAD_REDIRECT, redirects("http://[::1/")),
    "to_broken_name": Behaviour(
        "redirects to a host that cannot be", T.BAD_REDIRECT, redirects("http://a%00b.hostile.test/")
    ),
    "to_loopback_in_octal": Behaviour("redirects to octal numbers", T.BAD_REDIRECT, redirects("http://0177.0.0.1/")),
    "to_a_long_address": Behaviour(
        "redirects to nine thousand characters", T.BAD_REDIRECT, redirects("/" + "x" * 9_000)
    ),
    "to_http": Behaviour(
        "redirects from https to http", T.BAD_REDIRECT, redirects("http://good.hostile.test/"), "https"
    ),
    "to_no_name": Behaviour("redirects to a name that is none", T.DNS, redirects("http://nowhere.hostile.test/")),
    **{
        f"to_{name}": Behaviour(f"redirects to {url}", T.REFUSED_ADDRESS, redirects(url))
        for name, url in INSIDE.items()
    },
}
