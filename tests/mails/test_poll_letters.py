"""What mails say of polls: in the reader's language and zone, whatever people have written in them."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.notifications import Telling
from services.mails.poll_letters import PollFacts
from tests.mails.facts import HOST, NOW, make_composer, make_reader, part, reparsed, text_of
from tests.mails.test_hostile import HEADERS, HOSTILE, OUR_TAGS, Nodes

START = datetime(2027, 1, 11, 23, 30, tzinfo=UTC)  # the next day in Tokyo, and the one before in New York
HOUR = timedelta(hours=1)
URL = "https://slots.example/poll#sgv_secret"


def facts(title: str = "Opening", organizer: str = HOST.name, **more: object) -> PollFacts:
    """Make what is said of a poll of seven options, a day apart."""
    options = [(START + timedelta(days=day), START + timedelta(days=day) + HOUR) for day in range(7)]
    given: dict[str, object] = {"day_zone": None, "deadline": START, "ballots": 3, **more}
    return PollFacts("key", title, organizer, options, **given)  # pyright: ignore[reportArgumentType] -- of a test


@pytest.mark.parametrize(
    ("telling", "proof", "english", "japanese"),
    [
        (
            Telling.POLL_INVITATION,
            False,
            ("When can you come?", "Aiko Tanaka asks when you can come. Choose what suits you.", "Vote"),
            ("ご都合をお聞かせください", "Aiko Tanaka さんがご都合をうかがっています。", "回答する"),
        ),
        (
            Telling.POLL_REMINDER,
            False,
            ("Please vote", "Aiko Tanaka asks when you can come. Choose what suits you.", "Vote"),
            ("ご回答をお願いします", "Aiko Tanaka さんがご都合をうかがっています。", "回答する"),
        ),
        (
            Telling.BALLOT,
            False,
            ("You have voted", "By this link you can see the poll and change your vote.", "See your vote"),
            ("回答を受け付けました", "このリンクから日程調整を確認し、回答を変更できます。", "回答を見る"),
        ),
        (
            Telling.BALLOT,
            True,
            ("Confirm your vote", "only then your vote counts. It proves your address.", "Confirm"),
            ("回答をご確認ください", "アドレスの確認が済むと回答が有効になります。", "確認する"),
        ),
        (
            Telling.POLL_OVER,
            False,
            ("Your poll is over", "Nobody can vote any more: 3 have.", "Close the poll"),
            ("日程調整の受け付けが終了しました", "回答の受け付けを終了しました（回答 3 件）", "日程を決める"),
        ),
        (
            Telling.POLL_OPENED,
            False,
            ("Your poll is open", "without signing in", "See the poll", "in your name"),
            ("日程調整を開始しました", "サインインせずに", "日程調整を見る", "無効にしたり作り直したり"),
        ),
        (
            Telling.POLL_STUCK,
            False,
            ("Your poll cannot be booked", "every time that suits them is taken", "Close the poll"),
            ("日程調整を予約できませんでした", "すべて埋まっています", "日程を決める"),
        ),
        (
            Telling.POLL_CLOSED,
            False,
            ("The poll is closed", "Aiko Tanaka has closed this poll and chosen no time.", "See the poll"),
            ("日程調整が締め切られました", "日程を決めずに", "日程調整を見る"),
        ),
    ],
)
def test_each_mail_says_in_both_languages_what_it_is_about(
    telling: Telling, proof: bool, english: tuple[str, ...], japanese: tuple[str, ...]
) -> None:
    for locale, said in (("en", english), ("ja", japanese)):
        mail = make_composer().poll(telling, facts(asks_proof=proof), URL, make_reader(locale=locale), NOW)
        text = " ".join(text_of(mail).split())

        assert str(mail["Subject"]).startswith(said[0])
        assert [each for each in (*said, "Opening", URL) if each not in text] == []


@pytest.mark.parametrize(
    ("zone", "times", "days"),
    [
        ("Asia/Tokyo", "Tuesday, January 12, 2027", "January 11, 2027"),
        ("America/New_York", "Monday, January 11, 2027", "January 11, 2027"),
    ],
)
def test_times_are_the_readers_and_days_are_the_polls(zone: str, times: str, days: str) -> None:
    """Pain 23: the wrong zone in a mail."""
    reader = make_reader(zone=zone)
    of_times = make_composer().poll(Telling.POLL_INVITATION, facts(), URL, reader, NOW)
    of_days = make_composer().poll(Telling.POLL_INVITATION, facts(day_zone="UTC"), URL, reader, NOW)

    assert times in text_of(of_times)
    assert days in text_of(of_days)
    assert "+2" in text_of(of_times)


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_people_write_becomes_structure_or_a_link(text: str) -> None:
    mail = make_composer().poll(Telling.POLL_INVITATION, facts(text, text), URL, make_reader(name=text), NOW)
    seen, nodes = reparsed(mail), Nodes()
    nodes.feed(part(seen, "text/html"))

    assert set(seen.keys()) <= HEADERS
    assert nodes.tags <= OUR_TAGS
    assert {link for link in nodes.links if link} == {URL}
    assert nodes.handlers == []
