"""Hits are told from other requests beforehand, without a wait and without a trace."""

import threading

import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from affiliate.web.page_cache import HIT_ENVIRON
from tests.support.cached_site import Site


def build_environ(
    address: str = "/s?q=cat", method: str = "GET", **headers: str
) -> dict[str, object]:
    names = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return dict(EnvironBuilder(address, method=method, headers=names).get_environ())


@pytest.fixture
def site() -> Site:
    """Return a site whose page of cats is in memory, as browsers ask for it."""
    site = Site()
    site.get(Accept_Encoding="br")
    return site


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_page_in_memory_is_a_hit_and_is_sent_as_found(site: Site, method: str) -> None:
    """The page that was found is sent, though the page is evicted before."""
    environ = build_environ(method=method, Accept_Encoding="gzip, br")
    assert site.tier.find_hit(environ)
    site.tier._responses.clear()
    _, status, headers = run_wsgi_app(site.tier, environ)
    assert (status, headers["X-Cache"], len(site.app.calls)) == ("200 OK", "HIT", 1)


@pytest.mark.parametrize(
    "environ",
    [
        build_environ(method="POST", Accept_Encoding="br"),
        build_environ("/s?q=dog", Accept_Encoding="br"),
        build_environ("/s?q=CAT", Accept_Encoding="br"),
        build_environ("/other?q=cat", Accept_Encoding="br"),
        build_environ(Accept_Encoding="gzip"),
    ],
)
def test_what_may_need_a_wait_or_more_work_is_no_hit(
    site: Site, environ: dict[str, object]
) -> None:
    """Pass on other methods, pages not kept, addresses never seen and forms not yet made."""
    assert not site.tier.find_hit(environ)
    assert HIT_ENVIRON not in environ


def test_after_its_first_request_each_form_is_a_hit(site: Site) -> None:
    for coding in ("gzip", "br", ""):
        site.get(Accept_Encoding=coding)
        assert site.tier.find_hit(build_environ(Accept_Encoding=coding))


def test_a_page_to_be_renewed_is_no_hit_until_somebody_renews_it(site: Site) -> None:
    """The look-up itself takes nobody's turn to renew the page."""
    ready = []

    def look() -> bool:
        return site.tier.find_hit(build_environ(Accept_Encoding="br"))

    site.clock.now = 10.1
    assert [look(), look()] == [False, False]
    site.app.during = lambda: ready.append(look())
    assert site.get(Accept_Encoding="br").headers["X-Cache"] == "MISS"
    assert [*ready, look()] == [True, True]
    site.clock.now = 30.0
    assert not look()


def test_a_lookup_counts_nothing_and_marks_nothing_used(site: Site) -> None:
    site.get("/s?q=dog", Accept_Encoding="br")
    before = list(site.tier._responses)
    assert site.tier.find_hit(build_environ(Accept_Encoding="br"))
    assert (list(site.tier._responses), site.hits) == (before, [])


def test_a_lookup_waits_for_no_lock(site: Site) -> None:
    found = []
    with site.tier._lock:
        look = threading.Thread(
            target=lambda: found.append(site.tier.find_hit(build_environ(Accept_Encoding="br")))
        )
        look.start()
        look.join(30)
    assert found == [True]
