"""Licensed files reach the disk whole, once, under their name, or not at all."""

import hashlib
import logging
import shutil
import subprocess
import traceback
import tracemalloc
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import pytest

from affiliate.errors import AgencyDown, AgencyError, AgencyTimeout, DiskFailed, DownloadFailed
from affiliate.licensing.files import downloads as module
from affiliate.licensing.files import partial_file
from affiliate.licensing.files.downloads import Downloads, explain_refusal, iter_redownload_links
from affiliate.licensing.files.partial_file import PartialFile
from tests.simulator import (
    Simulator,
    answer_html,
    answer_with,
    declare_wrong_length,
    hang_up,
    hold,
    simulator,
)
from tests.support.calling import SHORT, open_transport
from tests.support.owner_account import list_names, make_downloads, make_original, owner
from tests.support.records import record
from tests.support.upstream import (
    Connection,
    Script,
    Upstream,
    answer,
    head,
    then_close,
    then_reset,
)

LINK = "/gatekeeper/c2VjcmV0LWxpbms/shutterstock_1.jpg"
HOST = "/gatekeeper/*"
JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 400
SIZED = f"Content-Length: {len(JPEG)}"


@pytest.fixture
def downloads() -> Iterator[Downloads]:
    with open_transport() as transport:
        yield make_downloads(transport)


@pytest.fixture
def agency() -> Iterator[Simulator]:
    with simulator(20) as one:
        yield one


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checkpoints so near to each other that small files have some."""
    monkeypatch.setattr(partial_file, "CHECKPOINT_BYTES", 1024)
    monkeypatch.setattr(module, "CHECKPOINT_BYTES", 1024)


def ranges(server: Upstream) -> list[bytes]:
    """Return the Range of each request, empty where missing."""
    heads = [request.split(b"\r\n") for request in server.requests]
    return [next((h[7:] for h in one if h.startswith(b"Range: ")), b"") for one in heads]


def rest(start: int, *headers: str, total: int = len(JPEG)) -> Script:
    """Return a script that sends the file from ``start`` on."""
    span = f"Content-Range: bytes {start}-{len(JPEG) - 1}/{total}"
    return answer(JPEG[start:], 206, span, *headers)


# -- a file that comes


@pytest.mark.parametrize(
    ("media", "size", "suffix"),
    [("image", "small", ".jpg"), ("image", "vector", ".eps"), ("video", "web", ".mov")],
)
def test_a_file_comes_whole(
    agency: Simulator, tmp_path: Path, media: Literal["image", "video"], size: str, suffix: str
) -> None:
    """Image, vector or video: its bytes, its suffix, its checksum, and nothing beside it."""
    number = 20_000_000 if media == "video" else 1_000_000
    bought = agency.buy(media=media, media_id=str(number), size=size)
    seen: list[tuple[int, int | None]] = []
    with owner(agency) as (account, downloads):
        fetched = downloads.fetch(
            tmp_path / "one",
            iter_redownload_links(lambda: account.request_download_link(media, bought.id, size)),
            media=media,
            progress=lambda got, whole: seen.append((got, whole)),
        )
    whole = make_original(bought)
    assert fetched.path == tmp_path / f"one{suffix}"
    assert fetched.path.read_bytes() == whole
    assert (fetched.size, fetched.sha256) == (len(whole), hashlib.sha256(whole).hexdigest())
    assert list_names(tmp_path) == [f"one{suffix}"]
    assert seen[-1] == (len(whole), len(whole))


def test_a_file_that_is_there_is_not_fetched(downloads: Downloads, tmp_path: Path) -> None:
    """What has the name already stays, and nobody is asked."""
    (tmp_path / "one.jpeg").write_bytes(b"mine")
    (tmp_path / "one.jpg").write_bytes(b"mine")
    with pytest.raises(DownloadFailed, match=r"one\.jpg is there already"):
        downloads.fetch(tmp_path / "one", iter(()))
    assert list_names(tmp_path) == ["one.jpeg", "one.jpg"]


def test_a_large_file_takes_little_memory(downloads: Downloads, tmp_path: Path) -> None:
    """32 MB pass through at most 2."""
    block = bytes(1 << 20)

    def play(connection: Connection) -> None:
        connection.read()
        connection.send(head(200, f"Content-Length: {len(JPEG) + (32 << 20)}") + JPEG)
        for _ in range(32):
            connection.send(block)

    with Upstream(play) as server:
        tracemalloc.start()
        fetched = downloads.fetch(tmp_path / "one", iter([server.url + LINK]))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert fetched.size == len(JPEG) + (32 << 20)
    assert peak < 2 << 20


# -- connections that are lost


def test_a_lost_connection_is_resumed(downloads: Downloads, tmp_path: Path) -> None:
    """The rest alone is asked for, on condition that the file is the same."""
    half = JPEG[:50_000]
    with Upstream(
        then_close(head(200, SIZED, 'ETag: "a"') + half), rest(50_000, 'ETag: "a"')
    ) as server:
        fetched = downloads.fetch(tmp_path / "one", iter([server.url + LINK]))
    assert fetched.path.read_bytes() == JPEG
    assert ranges(server) == [b"", b"bytes=50000-"]
    assert b'If-Range: "a"' in server.requests[1]


@pytest.mark.parametrize("stage", ["unread", "read", "acted"])
def test_loss_before_the_head_is_tried_again(agency: Simulator, tmp_path: Path, stage: str) -> None:
    """A connection closed at any moment before the answer costs another one."""
    bought = agency.buy()
    agency.misbehave(hang_up(stage), on=HOST)  # type: ignore[arg-type]
    with open_transport() as transport:
        fetched = make_downloads(transport).fetch(
            tmp_path / "one", iter([agency.links.make(bought)])
        )
    assert fetched.path.read_bytes() == make_original(bought)


def test_losses_without_end_are_given_up(agency: Simulator, tmp_path: Path) -> None:
    """After some attempts without progress it is said; nothing has the final name."""
    agency.misbehave(hang_up("body", 0), on=HOST, times=None)
    with open_transport() as transport, pytest.raises(AgencyDown):
        make_downloads(transport).fetch(tmp_path / "one", iter([agency.links.make(agency.buy())]))
    assert len(agency.requests) == module.MAX_RETRIES + 1
    assert list_names(tmp_path) == []


@pytest.mark.usefixtures("small_steps")
def test_progress_allows_more_losses(agency: Simulator, tmp_path: Path) -> None:
    """A line that breaks every 2 KB brings a file of any length in the end."""
    bought = agency.buy(size="medium")
    agency.misbehave(hang_up("body", 2000), on=HOST, times=100)
    with open_transport() as transport:
        fetched = make_downloads(transport).fetch(
            tmp_path / "one", iter([agency.links.make(bought)])
        )
    assert fetched.path.read_bytes() == make_original(bought)
    assert len(agency.requests) > 2 * module.MAX_RETRIES


@pytest.mark.usefixtures("small_steps")
def test_a_later_run_goes_on_where_one_ended(agency: Simulator, tmp_path: Path) -> None:
    """Up to the last checkpoint nothing is fetched twice, even by another link."""
    bought = agency.buy(size="medium")
    agency.misbehave(hang_up("body", 20_000), on=HOST)
    agency.misbehave(answer_with(500), on=HOST, times=None)
    with open_transport() as transport:
        downloads = make_downloads(transport)
        with pytest.raises(AgencyDown):
            downloads.fetch(tmp_path / "one", iter([agency.links.make(bought)]))
        agency.orders.clear()
        agency.clock.move(hours=1)
        fetched = downloads.fetch(tmp_path / "one", iter([agency.links.make(bought)]))
    assert fetched.path.read_bytes() == make_original(bought)
    first = int(agency.requests[-1].headers["range"].removeprefix("bytes=").removesuffix("-"))
    assert first > 18_000


def test_a_whole_part_needs_no_link(agency: Simulator, tmp_path: Path) -> None:
    """A file that had come when the run was killed is only given its name."""
    bought = agency.buy()

    def killed(_part: Path, _kind: object) -> Path:
        raise KeyboardInterrupt

    with open_transport() as transport:
        downloads = make_downloads(transport)
        with pytest.raises(KeyboardInterrupt):
            downloads.fetch(tmp_path / "one", iter([agency.links.make(bought)]), finish=killed)
        fetched = downloads.fetch(tmp_path / "one", iter(()))
    assert fetched.path.read_bytes() == make_original(bought)


def test_empty_slices_are_given_up(downloads: Downloads, tmp_path: Path) -> None:
    """A host that gives nothing of a range, properly, is not asked for ever."""
    span = f"Content-Range: bytes 50000-50000/{len(JPEG)}"
    with (
        Upstream(
            then_close(head(200, SIZED, 'ETag: "a"') + JPEG[:50_000]), answer(b"", 206, span)
        ) as server,
        pytest.raises(AgencyDown, match="broke off"),
    ):
        downloads.fetch(tmp_path / "one", iter([server.url + LINK]))
    assert len(server.requests) == module.MAX_RETRIES + 1


def test_a_host_may_serve_in_slices(downloads: Downloads, tmp_path: Path) -> None:
    """A range that ends before the file does isn't its end; the next one is asked for."""
    tag = 'ETag: "a"'
    span = f"Content-Range: bytes 50000-69999/{len(JPEG)}"
    with Upstream(
        then_close(head(200, SIZED, tag) + JPEG[:50_000]),
        answer(JPEG[50_000:70_000], 206, span, tag),
        rest(70_000, tag),
    ) as server:
        fetched = downloads.fetch(tmp_path / "one", iter([server.url + LINK]))
    assert fetched.path.read_bytes() == JPEG
    assert ranges(server) == [b"", b"bytes=50000-", b"bytes=70000-"]


@pytest.mark.parametrize(
    "second",
    [
        answer(JPEG, 200, 'ETag: "b"'),
        rest(49_999),
        rest(50_000, 'ETag: "b"'),
        rest(50_000, total=len(JPEG) + 1),
        answer(b"", 416, "Content-Range: bytes */9"),
        answer(b"", 206),
    ],
    ids=["whole", "elsewhere", "another", "longer", "416", "unsaid"],
)
def test_another_file_is_fetched_anew(downloads: Downloads, tmp_path: Path, second: Script) -> None:
    """Where the rest isn't surely the rest of the same file, the whole is asked for again."""
    changed = JPEG[:4] + JPEG[4:][::-1]
    last = answer(changed, 200, 'ETag: "b"')
    with Upstream(
        then_close(head(200, SIZED, 'ETag: "a"') + changed[:50_000]), second, last
    ) as server:
        fetched = downloads.fetch(tmp_path / "one", iter([server.url + LINK]))
    assert fetched.path.read_bytes() in {JPEG, changed}
    assert ranges(server)[2:] in ([], [b""])


@pytest.mark.parametrize("tag", [(), ('ETag: W/"a"',)], ids=["none", "weak"])
def test_without_a_mark_nothing_is_resumed(
    downloads: Downloads, tmp_path: Path, tag: tuple[str, ...]
) -> None:
    """A host that doesn't mark its files is asked for the whole again."""
    half = then_close(head(200, SIZED, *tag) + JPEG[:50_000])
    with Upstream(half, answer(JPEG)) as server:
        fetched = downloads.fetch(tmp_path / "one", iter([server.url + LINK]))
    assert fetched.path.read_bytes() == JPEG
    assert ranges(server) == [b"", b""]


def test_a_file_without_length_comes_in_chunks(downloads: Downloads, tmp_path: Path) -> None:
    """Chunked files are taken, and one that breaks off isn't mistaken for whole."""
    chunk = f"{len(JPEG):x}\r\n".encode() + JPEG + b"\r\n"
    start = head(200, "Transfer-Encoding: chunked") + chunk
    with Upstream(then_close(start), then_close(start + b"0\r\n\r\n")) as server:
        fetched = downloads.fetch(tmp_path / "one", iter([server.url + LINK]))
    assert fetched.path.read_bytes() == JPEG
    assert len(server.requests) == 2


def test_a_stall_is_an_error(agency: Simulator, tmp_path: Path) -> None:
    """A host that goes silent in mid-file doesn't hold the command for ever."""
    agency.misbehave(hold("body", 100), on=HOST, times=None)
    with open_transport() as transport, pytest.raises(AgencyTimeout):
        make_downloads(transport, SHORT).fetch(
            tmp_path / "one", iter([agency.links.make(agency.buy())])
        )


# -- files that are none


@pytest.mark.parametrize(
    "wrong",
    [
        answer_html(),
        answer_with(200, b""),
        answer_with(200, b"\x89PNG\r\n\x1a\n...."),
        answer_with(200, b"GIF89a"),
    ],
)
def test_what_is_no_such_file_is_thrown_away(
    agency: Simulator, tmp_path: Path, wrong: object
) -> None:
    """HTML, nothing, another kind than promised: refused, and nothing stays on the disk."""
    agency.misbehave(wrong, on=HOST)  # type: ignore[arg-type]
    with open_transport() as transport, pytest.raises(DownloadFailed, match="What came is"):
        make_downloads(transport).fetch(tmp_path / "one", iter([agency.links.make(agency.buy())]))
    assert list_names(tmp_path) == []


def test_an_image_is_no_video(agency: Simulator, tmp_path: Path) -> None:
    """A picture is not taken for a clip."""
    with open_transport() as transport, pytest.raises(DownloadFailed, match="no video file"):
        make_downloads(transport).fetch(
            tmp_path / "one", iter([agency.links.make(agency.buy())]), media="video"
        )


def test_an_editorial_video_is_a_video(agency: Simulator, tmp_path: Path) -> None:
    """Clips of the editorial collection are taken for what they are."""
    bought = agency.buy(media="video", media_id="20000000", size="web")
    with open_transport() as transport:
        fetched = make_downloads(transport).fetch(
            tmp_path / "one", iter([agency.links.make(bought)]), media="editorial-video"
        )
    assert fetched.path.name == "one.mov"


def test_a_wrong_length_is_no_whole_file(agency: Simulator, tmp_path: Path) -> None:
    """A file that is shorter than declared, however often it is asked for, is never whole."""
    agency.misbehave(declare_wrong_length(7), on=HOST, times=None)
    with open_transport() as transport, pytest.raises(AgencyDown):
        make_downloads(transport).fetch(tmp_path / "one", iter([agency.links.make(agency.buy())]))
    assert "one.jpg" not in list_names(tmp_path)


def test_an_end_that_nobody_told_is_refused(downloads: Downloads, tmp_path: Path) -> None:
    """Without a length and without chunks a lost connection can't be told from the end."""
    with (
        Upstream(then_close(head(200) + JPEG)) as server,
        pytest.raises(AgencyDown, match="how long"),
    ):
        downloads.fetch(tmp_path / "one", iter([server.url + LINK]))


# -- links


def test_links_are_not_taken_without_end(downloads: Downloads, tmp_path: Path) -> None:
    """However many links there are, the second is the last."""
    with Upstream(answer(b"", 403)) as server, pytest.raises(DownloadFailed, match="is over"):
        downloads.fetch(tmp_path / "one", repeat(server.url + LINK))
    assert len(server.requests) == 2


def test_without_a_link_nothing_is_asked(downloads: Downloads, tmp_path: Path) -> None:
    """Where the agency gave no link there is a sentence, and nothing on the disk."""
    with pytest.raises(DownloadFailed, match="no link"):
        downloads.fetch(tmp_path / "one", iter(()))
    assert list_names(tmp_path) == []


def test_a_link_may_lead_elsewhere(downloads: Downloads, tmp_path: Path) -> None:
    """A redirect to another host is followed, and the rest of a file asked for there too."""
    with (
        Upstream(then_close(head(200, SIZED, 'ETag: "a"') + JPEG[:50_000]), rest(50_000)) as files,
        Upstream(answer(b"", 302, f"Location: {files.url}/x.jpg")) as host,
    ):
        fetched = downloads.fetch(tmp_path / "one", iter([host.url + LINK]))
    assert fetched.path.read_bytes() == JPEG
    assert ranges(files) == [b"", b"bytes=50000-"]


def test_a_link_that_is_over_is_replaced_once(agency: Simulator, tmp_path: Path) -> None:
    """After eight hours a fresh link is asked for, and the file comes."""
    bought = agency.buy()
    old = agency.links.make(bought)
    agency.clock.move(hours=9)
    with owner(agency) as (account, downloads):
        fresh = account.request_download_link("image", bought.id, bought.size)
        fetched = downloads.fetch(tmp_path / "one", iter([old, fresh]))
    assert fetched.path.read_bytes() == make_original(bought)


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_links_that_stay_refused_are_given_up(
    agency: Simulator, tmp_path: Path, status: int
) -> None:
    """One fresh link and no more is asked for; what is said holds no link."""
    agency.misbehave(answer_with(status), on=HOST, times=None)
    bought = agency.buy()
    with owner(agency) as (account, downloads), pytest.raises(DownloadFailed, match="is over"):
        downloads.fetch(
            tmp_path / "one",
            iter_redownload_links(
                lambda: account.request_download_link("image", bought.id, bought.size)
            ),
        )
    assert [one.method for one in agency.requests] == ["POST", "GET", "POST", "GET"]


def test_a_link_is_nowhere_to_be_read(
    downloads: Downloads, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither errors with their causes, nor logs, nor files hold any part of a signed link."""
    caplog.set_level(logging.DEBUG)
    told = []
    for script in (
        answer(b'{"message": "%s?sig=c2VjcmV0"}' % LINK.encode(), 400),
        answer(b'{"message": "c2VjcmV0-lost"}', 500),
        answer(b"<html>" + LINK.encode(), 200),
        then_reset(head(200, SIZED) + JPEG[:100]),
        answer(JPEG, 302, f"Location: {LINK}?sig=c2VjcmV0"),
    ):
        with Upstream(script) as server:
            link = f"{server.url}{LINK}?sig=c2VjcmV0"
            with pytest.raises((AgencyError, DownloadFailed)) as caught:
                downloads.fetch(tmp_path / "one", repeat(link))
            told.append("".join(traceback.format_exception(caught.value)))
    assert "gatekeeper" not in "".join(told)
    assert "sig=" not in "".join(told)
    assert "gatekeeper" not in caplog.text
    for file in tmp_path.iterdir():
        assert b"gatekeeper" not in file.read_bytes()


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"downloadable": True}, None),
        ({"downloadable": True, "media": "video"}, None),
        ({"downloadable": False}, "says that this license's file can't be"),
        ({"downloadable": False, "license": "enhanced_platform"}, "platform licenses"),
        ({"downloadable": False, "license": "premier_editorial_all_digital"}, "editorial files"),
        ({"downloadable": True, "media": "editorial"}, "editorial files"),
    ],
)
def test_a_refusal_says_why(fields: dict[str, object], says: str | None) -> None:
    """What can't be downloaded again is known beforehand, with its reason."""
    reason = explain_refusal(record(**fields))
    assert reason is None if says is None else says in (reason or "")


# -- the disk


def test_a_full_disk_is_said(downloads: Downloads, small_disk: Path) -> None:
    """No file has the final name, the message says what is wrong, and with room it goes on."""
    with Upstream(answer(JPEG, 200, 'ETag: "a"')) as server:
        with pytest.raises(DiskFailed, match=r"^one needs 0\.1 MB more, and its disk has 0\.1 MB"):
            downloads.fetch(small_disk / "one", iter([server.url + LINK]))
        assert list_names(small_disk) == []
        subprocess.run(["mount", "-o", "remount,size=1m", str(small_disk)], check=True)
        fetched = downloads.fetch(small_disk / "one", iter([server.url + LINK]))
    assert fetched.path.read_bytes() == JPEG


@pytest.mark.parametrize("is_length_known", [True, False])
@pytest.mark.usefixtures("small_steps")
def test_no_file_takes_the_room_of_the_databases(
    downloads: Downloads, small_disk: Path, *, is_length_known: bool
) -> None:
    """A third of a small disk stays free, whatever the size of a file is or is said to be."""
    subprocess.run(["mount", "-o", "remount,size=900k", str(small_disk)], check=True)
    content = JPEG * 20
    chunk = f"{len(content):x}\r\n".encode() + content + b"\r\n0\r\n\r\n"
    chunked = then_close(head(200, "Transfer-Encoding: chunked") + chunk)
    with Upstream(answer(content) if is_length_known else chunked) as server:
        with pytest.raises(DiskFailed, match=r"MB, of which 0\.3 MB stay free"):
            downloads.fetch(small_disk / "one", iter([server.url + LINK]))
        assert shutil.disk_usage(small_disk).free > 200_000
    assert is_length_known is (list_names(small_disk) == [])


def test_a_folder_that_is_not_there_is_said(downloads: Downloads, tmp_path: Path) -> None:
    """The system's own words, without the path."""
    with pytest.raises(DiskFailed, match=r"^one can't be written: No such file or directory\.$"):
        downloads.fetch(tmp_path / "nowhere" / "one", iter(()))


def test_two_never_fetch_one_file(downloads: Downloads, tmp_path: Path) -> None:
    """While one is at it the other is told so, and takes nothing away."""
    with PartialFile(tmp_path / "one") as part:
        part.write(b"half")
        with pytest.raises(DownloadFailed, match="Another process is fetching one"):
            downloads.fetch(tmp_path / "one", iter(()))
        assert part.path.read_bytes() == b"half"


@pytest.mark.parametrize("note", [b"", b"{", b'{"length": 5, "safe": 5}'])
def test_a_damaged_part_is_begun_anew(downloads: Downloads, tmp_path: Path, note: bytes) -> None:
    """A note that can't be read, or tells of more than there is, costs a new beginning."""
    (tmp_path / "one.part").write_bytes(b"abc")
    (tmp_path / "one.part.json").write_bytes(note)
    with Upstream(answer(JPEG)) as server:
        fetched = downloads.fetch(tmp_path / "one", iter([server.url + LINK]))
    assert fetched.path.read_bytes() == JPEG
    assert ranges(server) == [b""]


def test_names_of_links_say_little(tmp_path: Path, downloads: Downloads) -> None:
    """A link without a known suffix is followed; the content decides the name."""
    with Upstream(answer(JPEG)) as server:
        fetched = downloads.fetch(tmp_path / "one", iter([f"{server.url}/x/file"]))
    assert urlsplit(str(fetched.path)).path.endswith("one.jpg")
