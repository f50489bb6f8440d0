"""Mails go out by TLS where there is a password, and no server holds up its sender."""

import logging
import ssl
import threading
from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from affiliate.config.alert_readers import MailServer, read_mail_server
from affiliate.errors import MailFailed
from affiliate.transport.deadlines import Watchdog
from affiliate.transport.mail import send_mail
from tests.support import mail_server
from tests.support.mail_server import ACCOUNT, run_mail_server
from tests.support.ports import new_port
from tests.support.upstream import CERTIFICATE

LOGIN = "me%40mail.example:p%2Fw0rd%3A%20x@"


@pytest.fixture
def watchdog() -> Iterator[Watchdog]:
    dog = Watchdog()
    yield dog
    dog.close()


@pytest.fixture
def trusting() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=CERTIFICATE)


def make_message(*receivers: str) -> EmailMessage:
    message = EmailMessage()
    message["Subject"], message["From"] = "Größe", "site@pictures.example"
    message["To"] = ", ".join(receivers or ("owner@pictures.example",))
    message.set_content("Grüße\n.\n..dots\n")
    message.add_alternative("<p>Grüße</p>", subtype="html")
    return message


def address(server: mail_server.MailServer, login: str = LOGIN, scheme: str = "smtp") -> MailServer:
    return read_mail_server(f"{scheme}://{login}localhost:{server.port}")


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_mail_arrives_by_tls(scheme: str, watchdog: Watchdog, trusting: ssl.SSLContext) -> None:
    """STARTTLS, or TLS from the first byte: then the account, then the mail as written."""
    with run_mail_server(tls=scheme == "smtps") as server:
        send_mail(
            address(server, scheme=scheme),
            make_message("a@b.ex", "c@d.ex"),
            watchdog,
            context=trusting,
        )
    (mail,) = server.mails
    assert mail.secured
    assert mail.receivers == ["a@b.ex", "c@d.ex"]
    assert mail.message["Subject"] == "Größe"
    assert mail.text == "Grüße\n.\n..dots\n"
    assert mail.html == "<p>Grüße</p>\n"
    assert server.logins == [f"\0{ACCOUNT[0]}\0{ACCOUNT[1]}".encode()]


def test_a_server_without_an_account_is_sent_mail_plainly(watchdog: Watchdog) -> None:
    """A relay of the same machine often offers neither TLS nor log-ins."""
    with run_mail_server(offers=()) as server:
        send_mail(address(server, login=""), make_message(), watchdog)
    (mail,) = server.mails
    assert not mail.secured
    assert "AUTH" not in server.verbs


def test_a_server_without_an_account_may_have_any_certificate(watchdog: Watchdog) -> None:
    """As Debian's Postfix has on the same machine: without TLS it would get the mail as well."""
    with run_mail_server() as server:
        send_mail(address(server, login=""), make_message(), watchdog)
    (mail,) = server.mails
    assert mail.secured
    with run_mail_server(tls=True) as server, pytest.raises(MailFailed, match="can't be trusted"):
        send_mail(address(server, login="", scheme="smtps"), make_message(), watchdog)


def test_a_password_never_goes_without_tls(watchdog: Watchdog) -> None:
    """Who takes STARTTLS out of the offers on the way gets neither password nor mail."""
    with (
        run_mail_server(offers=("AUTH PLAIN LOGIN",)) as server,
        pytest.raises(MailFailed, match="offers no TLS"),
    ):
        send_mail(address(server), make_message(), watchdog)
    assert (server.logins, server.mails) == ([], [])
    assert server.verbs == ["EHLO"]


def test_a_certificate_is_checked(watchdog: Watchdog) -> None:
    with run_mail_server() as server, pytest.raises(MailFailed, match="can't be trusted") as caught:
        send_mail(address(server), make_message(), watchdog)
    assert server.logins == []
    assert caught.value.__cause__ is caught.value.__context__ is None


@pytest.mark.parametrize(
    ("verb", "reply", "words"),
    [
        ("CONNECT", "554 no service here", "refuses the mail: 554 no service here"),
        ("CONNECT", "421 later", "refuses the mail: 421 later"),
        ("STARTTLS", "454 no TLS now", "refuses the mail: 454 no TLS now"),
        ("AUTH", "535 p/w0rd: x is wrong", r"refuses the log-in: 535 \*\*\* is wrong"),
        ("MAIL", "550 not your address", "refuses the mail: 550 not your address"),
        ("RCPT", "550 nobody", "refuses mail to owner@pictures.example: 550 nobody"),
        ("DATA", "451 greylisted", "refuses the mail: 451 greylisted"),
        ("TEXT", "552 too much", "refuses the mail: 552 too much"),
        ("CONNECT", "HTTP/1.1 400 Bad Request", "refuses the mail"),
    ],
)
def test_a_refusal_is_said_in_the_server_s_words(
    verb: str, reply: str, words: str, watchdog: Watchdog, trusting: ssl.SSLContext
) -> None:
    """Whatever step is refused, for now or for good; the password is in no words."""
    with (
        run_mail_server(replies={verb: reply}) as server,
        pytest.raises(MailFailed, match=words) as caught,
    ):
        send_mail(address(server), make_message(), watchdog, context=trusting)
    assert server.mails == []
    assert "p/w0rd" not in str(caught.value)


def test_one_of_several_receivers_may_be_refused(
    watchdog: Watchdog, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The others have the mail, which is not sent again for the one who never takes it."""
    with run_mail_server(offers=()) as server:
        monkeypatch.setattr(
            mail_server._Session,
            "say",
            lambda self, verb, *lines, say=mail_server._Session.say: (
                self.sock.sendall(b"550 nobody\r\n")
                if verb == "RCPT" and len(self.receivers) == 2
                else say(self, verb, *lines)
            ),
        )
        with caplog.at_level(logging.WARNING):
            send_mail(address(server, ""), make_message("a@b.ex", "c@d.ex"), watchdog)
    assert len(server.mails) == 1
    assert "no mail for c@d.ex: 550 nobody" in caplog.text


def test_a_mail_counts_as_sent_whatever_follows(watchdog: Watchdog) -> None:
    """A server that has taken the text may end as it likes."""
    with run_mail_server(offers=(), replies={"QUIT": "500 what?"}) as server:
        send_mail(address(server, ""), make_message(), watchdog)
    assert len(server.mails) == 1


@pytest.mark.parametrize("drips", [False, True])
@pytest.mark.parametrize("verb", ["CONNECT", "EHLO", "STARTTLS", "AUTH", "MAIL", "TEXT", "QUIT"])
def test_a_server_that_hangs_is_given_up(
    verb: str,
    drips: bool,  # noqa: FBT001 - a parameter of the test
    watchdog: Watchdog,
    trusting: ssl.SSLContext,
) -> None:
    """At any step, and byte by byte too: the deadline is for all of the mail."""
    with run_mail_server(hangs_at=verb, drips=drips) as server:
        target, message = address(server), make_message()
        if verb == "QUIT":  # the mail is taken by then
            send_mail(target, message, watchdog, seconds=0.7, context=trusting)
        else:
            with pytest.raises(MailFailed, match="does not answer in time"):
                send_mail(target, message, watchdog, seconds=0.7, context=trusting)


def test_the_end_of_a_process_waits_for_no_mail(watchdog: Watchdog) -> None:
    """A watchdog that is closed gives up the mail under way, as it does calls."""
    with run_mail_server(hangs_at="CONNECT") as server:
        threading.Timer(0.05, watchdog.close).start()
        with pytest.raises(MailFailed):
            send_mail(address(server), make_message(), watchdog)


def test_a_server_out_of_reach_is_said(watchdog: Watchdog) -> None:
    with pytest.raises(MailFailed, match="is out of reach"):
        send_mail(read_mail_server(f"smtp://localhost:{new_port()}"), make_message(), watchdog)
    with pytest.raises(MailFailed, match=r"has no address|does not answer"):
        send_mail(read_mail_server("smtp://nowhere.invalid"), make_message(), watchdog)
