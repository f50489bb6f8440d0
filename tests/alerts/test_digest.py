"""The weekly digest says what was earned and what moved, once on Monday morning."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from affiliate.alerts import troubles, week_figures
from affiliate.alerts.digest import build_digest, find_sending_time
from affiliate.alerts.messages import format_html, format_text
from affiliate.alerts.watch import AlertWatch
from affiliate.alerts.week_figures import find_week
from affiliate.database.clicks import Click
from affiliate.database.earnings import Earnings
from affiliate.database.roll_ups import RollUps
from affiliate.database.search_figures import Search, SearchFigures, SearchNumbers
from affiliate.domain.actions import Action
from affiliate.domain.masking import MASK
from affiliate.domain.troubles import Trouble
from affiliate.services import Services
from tests.alerts.conftest import MONDAY, BuildServices
from tests.support.alert_channels import KeptMessages
from tests.support.clocks import SetClock

Later = Callable[[timedelta], None]
DAY = timedelta(days=1)
THURSDAY, THURSDAY_BEFORE = MONDAY - 4 * DAY, MONDAY - 11 * DAY


def click(
    services: Services, clock: SetClock[datetime], at: datetime, times: int, **fields: str
) -> None:
    clock.now = at
    for number in range(times):
        name = f"{at:%m%d%H%M%S}-{number}-{'-'.join(fields.values())}".replace(" ", "_")
        values = {"agency": "demo", "id": "1", **fields}
        services.ledger.record(Click(click_id=name[:64], position=1, **values))


def search(services: Services, clock: SetClock[datetime], at: datetime, **asked: int) -> None:
    """Count searches whose words found nothing."""
    clock.now = at
    counts = {Search(name, "en"): SearchNumbers(n, n, 0, 0) for name, n in asked.items()}
    SearchFigures(services.ledger, UTC).add_searches(counts)


def sell(services: Services, *sales: tuple[datetime, str, int, str, str]) -> None:
    actions = [
        Action(
            action_id=str(number),
            state=state,  # type: ignore[arg-type]
            payout=payout * 10_000,
            currency=currency,
            occurred_at=at,
            words=words,
        )
        for number, (at, state, payout, currency, words) in enumerate(sales)
    ]
    Earnings(services.ledger).record("impact", actions, MONDAY - DAY)


def build_text(services: Services, clock: SetClock[datetime]) -> str:
    clock.now = MONDAY
    RollUps(services.ledger, services.config.site_timezone).advance(60)
    return format_text(build_digest(services, MONDAY.replace(tzinfo=None)))


def test_money_is_summed_by_state_and_currency(
    build: BuildServices, clock: SetClock[datetime]
) -> None:
    """Against the week before; reversed sales earn nothing, and currencies stay apart."""
    services = build()
    sell(
        services,
        (THURSDAY, "approved", 5, "USD", "red bicycle"),
        (THURSDAY, "pending", 3, "USD", "cat"),
        (THURSDAY, "reversed", 90, "USD", "dog"),
        (THURSDAY, "pending", 2, "EUR", "cat"),
        (THURSDAY_BEFORE, "approved", 4, "USD", "cat"),
        (MONDAY, "approved", 1000, "USD", "of this week"),
    )
    click(services, clock, THURSDAY, 4)
    text = build_text(services, clock)
    assert "impact: reported as of 2026-11-22 12:00 UTC." in text
    assert "pending, EUR   2.00   0.00" in text
    assert "pending, USD   3.00   0.00" in text
    assert "approved, USD  5.00   4.00" in text
    assert "reversed, USD  90.00  0.00" in text
    assert "earned per click             0.500 EUR, 2.000 USD  -" in text
    assert "red bicycle  5.00 USD  0.00" in text
    assert "cat          3.00 USD  4.00" in text
    assert "dog " not in text
    assert "1,000" not in text


def test_currencies_are_added_up_by_the_owner_s_rates(
    build: BuildServices, clock: SetClock[datetime]
) -> None:
    services = build(EARNINGS_RATES="EUR=1, USD=0.5")
    sell(
        services,
        (THURSDAY, "approved", 5, "USD", "cat"),
        (THURSDAY, "pending", 2, "EUR", "cat"),
        (THURSDAY, "reversed", 90, "EUR", "cat"),
        (THURSDAY_BEFORE, "pending", 8, "USD", "cat"),
    )
    assert "all but reversed, in EUR  4.50   4.00" in build_text(services, clock)


def test_a_currency_without_a_rate_is_said(build: BuildServices, clock: SetClock[datetime]) -> None:
    """Else the sum would look whole."""
    services = build(EARNINGS_RATES="EUR=1, USD=0.5")
    sell(
        services,
        (THURSDAY, "approved", 5, "USD", "cat"),
        (THURSDAY_BEFORE, "pending", 8, "GBP", "cat"),
    )
    text = build_text(services, clock)
    assert "all but reversed, in EUR, without GBP  2.50  0.00" in text


def test_movers_are_those_that_differ_most(build: BuildServices, clock: SetClock[datetime]) -> None:
    """Up or down; a click more or less is no move."""
    services = build()
    click(services, clock, THURSDAY_BEFORE, 9, words="fell", site="a.example")
    click(services, clock, THURSDAY_BEFORE, 5, words="same", site="b.example")
    click(services, clock, THURSDAY, 6, words="same", site="b.example")
    click(services, clock, THURSDAY, 7, words="rose", site="c.example", id="77")
    text = build_text(services, clock)
    moved = text.partition("Words that moved")[2].partition("\n\n")[0].splitlines()[2:]
    assert [line.split() for line in moved[1:]] == [["fell", "0", "9"], ["rose", "7", "0"]]
    assert "a.example  0" in text
    assert "demo 77   7" in text
    assert "clicks of visitors           13    14" in text


def test_pictures_of_two_agencies_with_one_id_are_apart(
    build: BuildServices, clock: SetClock[datetime]
) -> None:
    """As in the list of clicked pictures; without a click nothing tells the agency."""
    services = build()
    sales = []
    for number, agency in enumerate(("demo", "pixabay", "")):
        if agency:
            click(services, clock, THURSDAY, 1, agency=agency, id="77")
        sales.append(
            Action(
                action_id=str(number),
                state="approved",
                payout=10_000 * (number + 1),
                currency="USD",
                occurred_at=THURSDAY,
                media_id="77",
                click_id=f"{THURSDAY:%m%d%H%M%S}-0-{agency}-77",
            )
        )
    sales[-1] = msgspec.structs.replace(sales[-1], occurred_at=THURSDAY - timedelta(minutes=1))
    Earnings(services.ledger).record("impact", sales, MONDAY - DAY)
    text = build_text(services, clock)
    assert "77          3.00 USD  0.00\npixabay 77  2.00 USD  0.00\ndemo 77     1.00 USD" in text


def test_the_most_clicked_of_very_many_sites_are_compared(
    build: BuildServices, clock: SetClock[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that sends clicks of any number of sites takes no memory."""
    monkeypatch.setattr(week_figures, "MAX_SITES", 1)
    services = build()
    for site, times in (("a.example", 9), ("b.example", 8)):
        click(services, clock, THURSDAY, times, site=site)
    text = build_text(services, clock)
    assert "a.example  9" in text
    assert "b.example" not in text


def test_clicks_of_programs_are_counted_apart(
    build: BuildServices, clock: SetClock[datetime]
) -> None:
    """They are in no rate and no list."""
    services = build()
    sell(services, (THURSDAY, "approved", 6, "USD", "cat"))
    click(services, clock, THURSDAY, 2, words="cat")
    click(services, clock, THURSDAY, 50, words="robot", sender="program")
    text = build_text(services, clock)
    assert "50 clicks of programs and other marked senders are in none of these figures." in text
    assert "clicks of visitors           2 " in text
    assert "3.000 USD" in text
    assert "robot" not in text


def test_words_that_found_nothing_are_listed(
    build: BuildServices, clock: SetClock[datetime]
) -> None:
    services = build()
    search(services, clock, THURSDAY, unicorn=7, gryphon=2)
    search(services, clock, THURSDAY_BEFORE, dragon=9)
    text = build_text(services, clock)
    assert "unicorn  7\ngryphon  2" in text
    assert "dragon" not in text
    assert "searches that found nothing  9     9" in text


def test_active_alerts_are_what_to_do(build: BuildServices, clock: SetClock[datetime]) -> None:
    """Silenced alerts are left out here, too."""
    services = build()
    assert "Nothing: no alert is active." in build_text(services, clock)
    watch = AlertWatch(services, [])
    watch.states.record(
        [
            Trouble(name=name, title=f"The {name} is full.", advice="Make room.")
            for name in ("disk", "cache")
        ]
    )
    watch.states.silence("cache", 7)
    text = build_text(services, clock)
    assert "The disk is full. Make room." in text
    assert "cache is full" not in text


def test_an_empty_site_has_a_short_digest(build: BuildServices, clock: SetClock[datetime]) -> None:
    text = build_text(build(), clock)
    assert text.startswith("Your week from November 16 to November 22\n")
    assert "No sales have been imported yet" in text
    assert "Nobody has searched." in text
    assert "that moved" not in text


def test_masked_words_alone_are_in_no_list(build: BuildServices, clock: SetClock[datetime]) -> None:
    """All phones and addresses that were searched for share them, and say nothing together."""
    services = build()
    search(services, clock, THURSDAY, **{MASK: 9, f"call {MASK}": 4})
    click(services, clock, THURSDAY, 6, words=MASK)
    text = build_text(services, clock)
    assert f"\ncall {MASK}  4" in text
    assert f"\n{MASK} " not in text


def test_searches_that_all_found_something_are_said(
    build: BuildServices, clock: SetClock[datetime]
) -> None:
    services = build()
    clock.now = THURSDAY
    counts = {Search("cat", "en"): SearchNumbers(2, 0, 1, 30)}
    SearchFigures(services.ledger, UTC).add_searches(counts)
    assert "Every search found something." in build_text(services, clock)


def test_words_of_visitors_are_no_markup(build: BuildServices, clock: SetClock[datetime]) -> None:
    services = build()
    click(services, clock, THURSDAY, 5, words='<img src="x">')
    build_text(services, clock)
    html = format_html(build_digest(services, MONDAY.replace(tzinfo=None)))
    assert "&lt;img src=&quot;x&quot;&gt;" in html
    assert "<img" not in html


def test_days_are_those_of_the_owner_s_time_zone(
    build: BuildServices, clock: SetClock[datetime]
) -> None:
    """A click late on Sunday in Auckland is of the week before; in Greenwich it is still early."""
    services = build(SITE_TIMEZONE="Pacific/Auckland")
    click(services, clock, datetime(2026, 11, 22, 10, 59, tzinfo=UTC), 5, words="sunday")
    click(services, clock, datetime(2026, 11, 22, 11, 1, tzinfo=UTC), 5, words="monday")
    text = build_text(services, clock)
    assert "sunday  5" in text
    assert "monday" not in text


@pytest.mark.parametrize(
    ("today", "first", "last"),
    [("2026-11-23", "2026-11-16", "2026-11-22"), ("2026-11-29", "2026-11-16", "2026-11-22")],
)
def test_the_week_is_the_last_whole_one(today: str, first: str, last: str) -> None:
    assert find_week(date.fromisoformat(today)) == tuple(map(date.fromisoformat, (first, last)))


@pytest.mark.parametrize(
    ("now", "zone", "due"),
    [
        ("2026-11-23 08:00", "UTC", "2026-11-23 08:00"),
        ("2026-11-23 07:59", "UTC", "2026-11-16 08:00"),
        ("2026-11-29 23:00", "UTC", "2026-11-23 08:00"),
        ("2026-11-22 19:30", "Pacific/Auckland", "2026-11-22 19:00"),
        ("2026-03-30 06:30", "Europe/Amsterdam", "2026-03-30 06:00"),
        ("2026-10-26 07:30", "Europe/Amsterdam", "2026-10-26 07:00"),
    ],
)
def test_the_digest_is_due_on_monday_at_eight(now: str, zone: str, due: str) -> None:
    """By the owner's clock, on the days after its changes, too."""
    moment = datetime.fromisoformat(now)
    assert find_sending_time(moment, ZoneInfo(zone)) == datetime.fromisoformat(due)


# -- sending


@pytest.fixture
def mail(monkeypatch: pytest.MonkeyPatch) -> KeptMessages:
    monkeypatch.setattr(troubles, "RULES", {})
    return KeptMessages()


SUNDAY = MONDAY - timedelta(hours=20)


def count_digests(mail: KeptMessages) -> int:
    messages, mail.messages = mail.messages, []
    return sum(message.subject.startswith("Your week") for message in messages)


def test_the_digest_is_sent_once_a_week(
    build: BuildServices, clock: SetClock[datetime], later: Later, mail: KeptMessages
) -> None:
    """From the first Monday after the set-up on."""
    watch = AlertWatch(build(), [mail])
    sent = []
    clock.now = SUNDAY
    for _ in range(24 * 16):
        watch.check()
        if count_digests(mail):
            sent.append(clock.now)
        later(timedelta(hours=1))
    assert [f"{at:%Y-%m-%d %H}" for at in sent] == [
        "2026-11-23 08",
        "2026-11-30 08",
        "2026-12-07 08",
    ]


def test_a_digest_that_can_t_be_sent_is_sent_later(
    build: BuildServices, clock: SetClock[datetime], later: Later, mail: KeptMessages
) -> None:
    """To the channel that lacks it alone; after two days it is left out."""
    webhook = KeptMessages("webhook")
    watch = AlertWatch(build(), [mail, webhook])
    clock.now = SUNDAY
    watch.check()
    clock.now, mail.broken = MONDAY, True
    watch.check()
    mail.broken = False
    for _ in range(3):
        later(timedelta(hours=1))
        watch.check()
    assert [count_digests(mail), count_digests(webhook)] == [1, 1]
    clock.now, mail.broken = MONDAY + 7 * DAY, True
    watch.check()
    mail.broken = False
    later(2 * DAY)
    watch.check()
    assert [count_digests(mail), count_digests(webhook)] == [0, 1]


def test_a_digest_of_which_one_channel_knows_is_no_digest_of_a_later_week(
    build: BuildServices, clock: SetClock[datetime], mail: KeptMessages
) -> None:
    """A site may rest for a week, from an hour in which one of its channels failed."""
    webhook = KeptMessages("webhook")
    watch = AlertWatch(build(), [mail, webhook])
    clock.now = SUNDAY
    watch.check()
    clock.now, webhook.broken = MONDAY, True
    watch.check()
    webhook.broken = False
    clock.now = MONDAY + 7 * DAY
    watch.check()
    assert [count_digests(mail), count_digests(webhook)] == [2, 1]


def test_another_time_zone_sends_no_week_twice(
    build: BuildServices, clock: SetClock[datetime], mail: KeptMessages
) -> None:
    """Monday at eight comes a day later there."""
    clock.now = SUNDAY - DAY
    AlertWatch(build(SITE_TIMEZONE="Pacific/Apia"), [mail]).check()
    for hours in range(0, 72, 6):
        clock.now = SUNDAY + timedelta(hours=hours)
        zone = "Pacific/Apia" if clock.now < MONDAY else "America/New_York"
        AlertWatch(build(SITE_TIMEZONE=zone), [mail]).check()
    assert count_digests(mail) == 1


@pytest.mark.parametrize("step", [400 * DAY, -400 * DAY])
def test_a_clock_that_was_wrong_sends_no_digest_twice(
    build: BuildServices,
    clock: SetClock[datetime],
    mail: KeptMessages,
    step: timedelta,
) -> None:
    """And the next one comes a week later."""
    watch = AlertWatch(build(), [mail])
    clock.now = SUNDAY + step
    watch.check()
    clock.now = MONDAY
    watch.check()
    watch.check()
    assert count_digests(mail) <= 1
    clock.now = MONDAY + 7 * DAY
    watch.check()
    assert count_digests(mail) == 1


def test_an_event_has_the_figures(build: BuildServices, clock: SetClock[datetime]) -> None:
    """As JSON that programs read, with an id for each week."""
    services = build()
    sell(services, (THURSDAY, "approved", 5, "USD", "cat"))
    click(services, clock, THURSDAY, 4, words="cat")
    build_text(services, clock)
    (event,) = build_digest(services, MONDAY.replace(tzinfo=None)).events
    assert (event.event_id, event.kind) == ("msg_digest-2026-11-16", "digest.weekly")
    data = msgspec.json.decode(msgspec.json.encode(event.data))
    assert data["week"]["clicks"] == 4
    assert data["week"]["payouts"] == [{"currency": "USD", "state": "approved", "payout": 5.0}]
    assert data["movers"]["words"] == [{"text": "cat", "now": 4, "before": 0}]


def test_an_event_says_what_earned_and_how_old_reports_are(
    build: BuildServices, clock: SetClock[datetime]
) -> None:
    """As the mail does: in whole units of the currency, times in UTC."""
    services = build()
    sell(
        services,
        (THURSDAY, "approved", 5, "USD", "cat"),
        (THURSDAY_BEFORE, "pending", 2, "USD", "cat"),
    )
    build_text(services, clock)
    (event,) = build_digest(services, MONDAY.replace(tzinfo=None)).events
    data = msgspec.json.decode(msgspec.json.encode(event.data))
    assert data["earners"]["words"] == [
        {"text": "cat", "currency": "USD", "now": 5.0, "before": 2.0}
    ]
    assert data["imports"] == [{"network": "impact", "as_of": "2026-11-22T12:00:00+00:00"}]
