"""Feeds: read, read again, never written."""

import pytest

from domain.calendars import EntrySpot, Provider
from integrations.http import SafeHttp
from integrations.ics import IcsFeeds
from integrations.ports import Account, BusyAt, Permanent, ProviderFailed, Revoked, Secret, Transient
from tests.integrations.outside import CANARY, Asked, Outside, Told, answer, calendar, outside
from tests.integrations.test_caldav import ENTRY, MARKER, WINDOW, spelled

pytestmark = pytest.mark.anyio

FEED = calendar("UID:1", "DTSTART:20260320T090000", "DURATION:PT1H", more="X-WR-CALNAME:Team\\, all")


def account(server: Outside, username: str = "", word: str = "") -> Account:
    return Account(Provider.ICS, f"{server.url}{CANARY}.ics", username, Secret(word))


def adapter() -> IcsFeeds:
    return IcsFeeds(SafeHttp(allow_loopback=True))


async def busy(feeds: IcsFeeds, server: Outside, zone: str | None = "Europe/Berlin") -> list[str]:
    asker = account(server)
    (found,) = await feeds.busy(asker, [BusyAt(asker.url, zone)], WINDOW)
    return [spelled(span) for span in found.counted()]


class Changing:
    """A feed that answers with its second text once its version is asked for."""

    def __init__(self, told: dict[str | None, Told]) -> None:
        self.told = told

    def __call__(self, asked: Asked) -> Told:
        return self.told[asked.headers.get("if-none-match")]


async def test_feed_is_its_own_only_calendar_and_cannot_be_written() -> None:
    """X20."""
    text = FEED.replace("VERSION:2.0", "X-WR-TIMEZONE:Asia/Tokyo")
    async with outside(lambda _: answer(200, text)) as server:
        [found] = await adapter().discover(account(server))

        assert (found.url, found.name, found.zone) == (account(server).url, "Team, all", "Asia/Tokyo")
        assert not found.is_writable


async def test_feed_takes_its_time_in_the_calendars_zone() -> None:
    """R006, R060, R062 to R065."""
    async with outside(lambda _: answer(200, FEED)) as server:
        assert await busy(adapter(), server) == ["03-20 08:00/03-20 09:00"]
        assert await busy(adapter(), server, "Asia/Tokyo") == ["03-20 00:00/03-20 01:00"]
        assert "authorization" not in server.asked[0].headers


async def test_feed_that_has_not_changed_is_not_sent_again() -> None:
    script = Changing({None: answer(200, FEED, ETag='"1"'), '"1"': answer(304)})
    async with outside(script) as server:
        feeds = adapter()
        found = [await busy(feeds, server) for _ in range(3)]

        assert found == [["03-20 08:00/03-20 09:00"]] * 3
        assert [asked.headers.get("if-none-match") for asked in server.asked] == [None, '"1"', '"1"']
        assert CANARY not in repr(feeds.__dict__)


async def test_feed_that_has_changed_is_read_anew() -> None:
    script = Changing(
        {None: answer(200, FEED, ETag='"1"'), '"1"': answer(200, FEED.replace("T090000", "T140000"))}
    )
    async with outside(script) as server:
        feeds = adapter()

        assert await busy(feeds, server) == ["03-20 08:00/03-20 09:00"]
        assert await busy(feeds, server) == ["03-20 13:00/03-20 14:00"]


async def test_feed_that_fails_is_not_answered_from_memory() -> None:
    """D03, case 136."""
    script = Changing({None: answer(200, FEED, ETag='"1"'), '"1"': answer(500)})
    async with outside(script) as server:
        feeds = adapter()
        await busy(feeds, server)

        with pytest.raises(Transient):
            await busy(feeds, server)


async def test_password_of_a_feed_is_sent_where_there_is_one() -> None:
    async with outside(lambda _: answer(200, FEED)) as server:
        asker = account(server, "ada", "word")
        await adapter().busy(asker, [BusyAt(asker.url, "UTC")], WINDOW)

        assert server.asked[0].headers["authorization"] == "Basic YWRhOndvcmQ="


@pytest.mark.parametrize(
    ("told", "kind", "reason"),
    [
        (answer(401), Revoked, "credentials_refused"),
        (answer(404), Permanent, "calendar_gone"),
        (answer(304), Permanent, "http_304"),
        (answer(503, Retry_After="9"), Transient, "throttled"),
        (answer(200, f"<html>{CANARY}</html>"), Transient, "answer_unreadable"),
        (answer(200, ""), Transient, "answer_unreadable"),
        (answer(200, FEED[:-20]), Transient, "answer_unreadable"),
        (answer(200, calendar("UID:1", f"DTSTART:{CANARY}")), Permanent, "calendar_unreadable"),
        (answer(200, b"x" * 2_000_001), Permanent, "answer_too_large"),
        (answer(302, Location="http://10.0.0.1/"), Transient, "unreachable"),
        (answer(302, Location="file:///etc/passwd"), Transient, "unreachable"),
        (answer(302, Location="/again.ics"), Permanent, "redirected"),
    ],
)
async def test_feed_that_cannot_be_read_is_never_free_time(
    told: bytes, kind: type[ProviderFailed], reason: str
) -> None:
    """Cases 116, 117, 119 and 136; case 164: no word of it in the failure."""
    async with outside(lambda _: told) as server:
        with pytest.raises(ProviderFailed) as failed:
            await busy(adapter(), server)

    assert (type(failed.value), failed.value.reason) == (kind, reason)
    assert CANARY not in repr(failed.value) + repr(failed.value.__cause__)


async def test_feed_with_a_password_follows_no_redirect_to_another_origin() -> None:
    """Case 118."""
    async with (
        outside(lambda _: answer(200, FEED)) as other,
        outside(lambda _: answer(302, Location=other.url)) as server,
    ):
        asker = account(server, "ada", "word")
        with pytest.raises(Permanent) as failed:
            await adapter().busy(asker, [BusyAt(asker.url, "UTC")], WINDOW)

        assert (failed.value.reason, other.connections) == ("left_origin", 0)


@pytest.mark.parametrize("scheme", ["webcal", "WEBCAL", "webcals"])
async def test_address_of_a_subscription_is_asked_by_https(scheme: str) -> None:
    """R091: what looks up the name is asked for the port of https."""
    asked: list[tuple[str, int]] = []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append((host, port))
        return ["10.0.0.1"]

    feed = Account(Provider.ICS, f"{scheme}://feeds.example.com/a.ics", "", Secret(""))
    with pytest.raises(Transient):
        await IcsFeeds(SafeHttp(resolve=resolve)).discover(feed)

    assert asked == [("feeds.example.com", 443)]


async def test_feed_is_not_written_to() -> None:
    async with outside(lambda _: answer(200)) as server:
        feeds, asker = adapter(), account(server)
        with pytest.raises(Permanent, match="read_only"):
            await feeds.put_entry(asker, EntrySpot(asker.url, ENTRY.uid, ENTRY.marker), ENTRY)
        with pytest.raises(Permanent, match="read_only"):
            await feeds.delete_entry(asker, EntrySpot(asker.url, ENTRY.uid, MARKER))

        assert await feeds.find_entry(asker, EntrySpot(asker.url, ENTRY.uid, MARKER)) is None
        assert server.connections == 0
