"""The addresses that the log shows of log-ins."""

import pytest
from flask import Flask

from affiliate import logins


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("203.0.113.7", "203.0.113.0/24"),
        ("::ffff:203.0.113.7", "203.0.113.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        ("", "an unknown address"),
        ("unix:", "an unknown address"),
    ],
)
def test_the_log_shows_the_network_of_a_log_in(address: str, shown: str) -> None:
    with Flask(__name__).test_request_context(environ_base={"REMOTE_ADDR": address}):
        assert logins.shown_address() == shown
