"""``flask doctor --live`` notices what visitors would: no pictures, broken files, wrong links."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import Result

from affiliate.checks import live_search
from tests.dialects import Answer, DialectRequest, Server, answer_text, serve_dialect
from tests.dialects.pixabay import PixabayDialect
from tests.support import shutterstock as simulator
from tests.support.apps import ClientMaker
from tests.support.fake_agency import picture
from tests.support.shutterstock import TOKEN
from tests.support.shutterstock_answers import make_changed_picture, results
from tests.support.upstream import Upstream, head, then_drip


class WithFiles(PixabayDialect):
    """Pixabay, whose pictures are on this machine too."""

    url = ""
    file: Answer = Answer(200, picture(640, 427), "image/png")

    def answer(self, asked: DialectRequest) -> Answer:
        return self.file if asked.path.startswith("/files/") else super().answer(asked)

    def item(self, number: int) -> dict[str, Any]:
        return {**super().item(number), "webformatURL": f"{self.url}/files/{number}.png"}


@pytest.fixture
def dialect() -> WithFiles:
    return WithFiles()


@pytest.fixture
def server(dialect: WithFiles) -> Iterator[Server]:
    with serve_dialect(dialect) as server:
        dialect.url = server.url
        yield server


def doctor(make_client: ClientMaker, server: Server, **settings: str) -> Result:
    keys = {"PIXABAY_URL": server.url, "PIXABAY_KEY": WithFiles.keys["KEY"]}
    app = make_client(**{**keys, "SITE_URL": "https://pictures.example", **settings}).application
    return app.test_cli_runner().invoke(args=["doctor", "--live"])


def lines(result: Result, state: str) -> str:
    return "\n".join(x for x in result.output.splitlines() if x.startswith(state))


def test_a_sound_agency_has_no_faults(make_client: ClientMaker, server: Server) -> None:
    """One search; its pictures' host, a file, a link: each is a line."""
    result = doctor(make_client, server)
    assert result.exit_code == 0, result.output
    assert "finds 100 of 100 pictures for 'flower'" in result.output
    assert "a thumbnail loads, 640x427 for a box of 640x427" in result.output
    assert "without an affiliate id: https://pixabay.com/photos/flower-900001/" in result.output
    warned = [line.split(":")[0] for line in lines(result, "warn").splitlines()]
    assert warned == ["warn  pixabay", "warn  SITE_URL"]  # at their addresses of this test
    assert WithFiles.keys["KEY"] not in result.output


def test_a_slow_agency_is_called_slow_and_not_out_of_reach(
    make_client: ClientMaker, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its calls last longer than visitors wait, and it works all the same."""
    monkeypatch.setattr("affiliate.checks.live_search.LATE_SECONDS", 0.0)
    result = doctor(make_client, server)
    assert result.exit_code == 0, result.output
    assert re.search(r"in \d+ ms; slow: \d\.\d s, so that pages", lines(result, "warn"))


def test_the_owners_link_is_shown_with_the_owners_id(
    make_client: ClientMaker, server: Server
) -> None:
    link = "https://go.example/?me={affiliate_id}&to={landing}"
    result = doctor(make_client, server, PIXABAY_AFFILIATE_LINK=link, PIXABAY_AFFILIATE_ID="me42")
    assert "a link is built, not followed; it names its picture, with" in result.output
    assert "with your affiliate id: https://go.example/?me=me42&to=https%3A" in result.output


def test_a_search_that_fails_or_finds_nothing_is_a_fault(
    make_client: ClientMaker, server: Server, dialect: WithFiles
) -> None:
    dialect.total = 0
    result = doctor(make_client, server)
    assert result.exit_code == 2
    assert "finds nothing for 'flower'" in lines(result, "FAULT")
    server.fixed = answer_text("oops", 500)
    assert "a search fails: HTTP 500" in lines(doctor(make_client, server), "FAULT")


def test_a_thumbnail_that_is_none_is_a_fault(
    make_client: ClientMaker, server: Server, dialect: WithFiles
) -> None:
    dialect.file = answer_text("<html>moved</html>")
    assert "leads to something else" in lines(doctor(make_client, server), "FAULT")
    dialect.file = answer_text("gone", 404)
    assert "can't be loaded: HTTP 404" in lines(doctor(make_client, server), "FAULT")


def test_a_thumbnail_of_another_shape_is_a_warning(
    make_client: ClientMaker, server: Server, dialect: WithFiles
) -> None:
    dialect.file = Answer(200, picture(300, 300), "image/png")
    result = doctor(make_client, server)
    assert "is 300x300, not 640x427" in lines(result, "warn")
    assert result.exit_code == 0


def test_a_host_that_pages_do_not_allow_is_a_fault(
    make_client: ClientMaker, server: Server, dialect: WithFiles
) -> None:
    """The Content-Security-Policy would leave the tiles empty."""
    dialect.url = server.url.replace("127.0.0.1", "localhost")
    result = doctor(make_client, server)
    assert "come from localhost:" in lines(result, "FAULT")


def test_a_field_that_is_gone_is_a_warning(
    make_client: ClientMaker, server: Server, dialect: WithFiles
) -> None:
    dialect.absent = frozenset({"user"})
    result = doctor(make_client, server)
    assert "no picture has contributor any more" in lines(result, "warn")


@pytest.mark.parametrize("file", [b"GIF89a\0\0\0\0\0\0\0", b"P6 0 0 255\n", b"\x89PNG\r\n\x1a\n"])
def test_a_file_without_a_size_is_a_fault(
    make_client: ClientMaker, server: Server, dialect: WithFiles, file: bytes
) -> None:
    dialect.file = Answer(200, file, "image/gif")
    assert "leads to something else" in lines(doctor(make_client, server), "FAULT")


def test_a_file_that_drips_is_given_up(
    make_client: ClientMaker, dialect: WithFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often something comes, there is an end to the waiting."""
    monkeypatch.setattr(live_search, "MAX_SECONDS", 0.3)
    drips = then_drip(head(200, "Content-Length: 5000000"), b"x" * 5_000_000)
    with Upstream(drips) as slow, serve_dialect(dialect) as server:
        dialect.url = slow.url
        result = doctor(make_client, server)
    assert "can't be loaded: No answer in time" in lines(result, "FAULT")


def test_one_that_is_switched_off_is_said_and_not_asked(
    make_client: ClientMaker, server: Server
) -> None:
    settings = {"PIXABAY_URL": server.url, "PIXABAY_KEY": WithFiles.keys["KEY"]}
    make_client(**settings).application.extensions["services"].switches.switch_agency(
        "pixabay", off=True
    )
    assert "pixabay: switched off" in lines(doctor(make_client, server), "warn")
    assert server.requests == []


def test_pictures_of_the_site_itself_are_no_other_hosts(make_client: ClientMaker) -> None:
    """The demo's files lie beside the pages, so that a newcomer sees no fault."""
    app = make_client(SITE_URL="https://pictures.example").application
    result = app.test_cli_runner().invoke(args=["doctor", "--live"])
    assert result.exit_code == 0, result.output
    assert "shows pictures of this site itself" in result.output


def test_a_link_by_way_of_a_host_without_an_address_is_a_warning(
    make_client: ClientMaker, server: Server
) -> None:
    """Nobody who clicks would arrive; a host that has one is no warning."""
    settings = {"PIXABAY_AFFILIATE_ID": "1"}
    for host, warns in (("gone.invalid", True), ("127.0.0.1", False)):
        link = f"https://{host}/c/{{affiliate_id}}?u={{landing}}"
        result = doctor(make_client, server, PIXABAY_AFFILIATE_LINK=link, **settings)
        words = f"{host}, where its links lead first, has no address"
        assert result.output.count(words) == warns
        assert result.exit_code == 0


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (Answer(200, b'{"status": "ok"}\n', "application/json"), "ok    SITE_URL: {} answers"),
        (answer_text("<h1>It works!</h1>"), "FAULT SITE_URL: {}/healthz is answered by another"),
        (answer_text("gone", 502), "warn  SITE_URL: {} does not answer this machine: HTTP 502"),
    ],
)
def test_the_sites_own_address_is_asked(
    make_client: ClientMaker, server: Server, answer: Answer, line: str
) -> None:
    """That answers, and as this program does."""
    server.fixed = answer
    result = doctor(make_client, server, SITE_URL=server.url)
    assert line.format(server.url) in result.output


def shutterstock_doctor(make_client: ClientMaker, **fields: object) -> Result:
    with simulator.shutterstock(10) as agency:
        answer = results(make_changed_picture(**fields), total_count=5000)
        agency.answer = simulator.Answer(200, json.dumps(answer).encode())
        settings = {"SHUTTERSTOCK_URL": agency.url, "SHUTTERSTOCK_API_TOKEN": TOKEN}
        app = make_client(**settings).application
        return app.test_cli_runner().invoke(args=["doctor", "--live"])


def test_the_answers_own_affiliate_link_is_told(make_client: ClientMaker) -> None:
    link = "https://shutterstock.7eer.net/c/1/2/3?u=https%3A%2F%2Fa.example"
    said = shutterstock_doctor(make_client, affiliate_url=link).output
    assert f"that of the answer, for your account, built, not followed: {link}&subId2=" in said


def test_a_tiny_total_is_a_warning(make_client: ClientMaker) -> None:
    """An account of the free plan sees the free collection, and no error."""
    said = lines(shutterstock_doctor(make_client), "warn")
    assert "finds only 5000; a free API account finds the free collection alone" in said
