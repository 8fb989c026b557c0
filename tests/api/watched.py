"""A host with a booking whose calendar is watched, and pings as their providers would post them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests import serving
from tests.fakes.hands import Hands, hands
from tests.installation import Host, stamp
from tests.street import DAY, HOST, Street

START = datetime.fromisoformat(f"{DAY}T08:00:00Z")
HALF = timedelta(minutes=30)
WATCHED = ("GOOGLE", "MICROSOFT")
BOOKINGS = """{ bookings(first: 10) { nodes { state start end invitees { cancelReason }
  entryDrifts { hostName kind start end } } } }"""
UNHEARD = "{ calendarConnections { state unheardSince } }"


@dataclass(frozen=True)
class Booked:
    """A host with one booking, whose entry stands, and their hands in the calendar."""

    street: Street
    host: Host
    hand: Hands
    slug: str
    connection_id: str
    token: str

    async def later(self, **by: float) -> None:
        """Let ten seconds pass, so that the next look may begin, and do what is due."""
        self.street.clock.turn(**(by or {"seconds": 10}))
        await self.street.house.work()

    async def booking(self) -> dict[str, Any]:
        """Give the booking as its host sees it."""
        [node] = (await self.street.house.ask(BOOKINGS, self.host.token))["bookings"]["nodes"]
        return node

    def told(self, address: str, word: str) -> int:
        """Count the mails to an address with a word in their subject."""
        mails = self.street.house.mails_to(address)
        return len([mail for mail in mails if word in str(mail.summary["subject"]).lower()])

    async def watches(self) -> list[tuple[Any, ...]]:
        """List states and ends of all watches that are stored, oldest first."""
        return await self.street.house.rows(
            "SELECT state, ends_at, failures FROM watches ORDER BY created_at, id"
        )


async def booked(street: Street, provider: str, start: datetime = START, **settings: Any) -> Booked:
    """Connect, book, and let everything be written and watched."""
    house = street.house
    host = await house.sign_up()
    connection = await street.connect(host, provider)
    await house.work()
    hand = await hands(street.fakes, provider, HOST, f"http://127.0.0.1:{house.port}")
    slug = await house.page(host, **settings)
    made = await house.book(slug, stamp(start))
    await house.work()
    await hand.pings()
    await house.work()
    return Booked(street, host, hand, slug, connection["id"], made["manageToken"])


def standing(street: Street, provider: str) -> int:
    """Count the watches that stand at a provider."""
    fake: Any = street.fakes[provider]
    return len(fake.pushes.channels if provider == "GOOGLE" else fake.watching.standing)


async def captured(one: Booked, provider: str) -> tuple[str, dict[str, str], bytes]:
    """Give a ping as the provider would really post it, of the first watch or account there."""
    fake: Any = one.street.fakes[provider]
    if provider == "GOOGLE":
        [channel] = fake.pushes.channels.values()
        return ping(provider, channel.id, channel.token)
    if provider == "MICROSOFT":
        [subscription] = fake.watching.standing.values()
        return ping(provider, subscription.id, subscription.properties["clientState"])
    [entry] = await one.street.house.rows("SELECT remote_id FROM entries")
    payload = {"object": {"resource_id": HOST, "event_id": entry[0]}}
    body: bytes = fake.webhooks._body("calendar.event_update", payload)  # as Zoom sends it
    return "zoom", fake.webhooks.signed(body), body


def ping(provider: str, watch: str, token: str) -> tuple[str, dict[str, str], bytes]:
    """Spell a ping as the provider does: to which hook, its headers, its body."""
    if provider == "GOOGLE":
        headers = {
            "X-Goog-Channel-ID": watch,
            "X-Goog-Channel-Token": token,
            "X-Goog-Resource-State": "exists",
        }
        return "google", headers, b""
    body = (
        f'{{"value": [{{"subscriptionId": "{watch}", "clientState": "{token}", "changeType": "updated"}}]}}'
    )
    return "microsoft", {"Content-Type": "application/json"}, body.encode()


async def post(one: Booked, hook: str, headers: dict[str, str], body: bytes) -> int:
    """Post something to a hook; the status of the answer."""
    url = f"http://127.0.0.1:{one.street.house.port}/hooks/{hook}"
    async with serving.client(timeout=20) as client:
        return (await client.post(url, headers=headers, content=body)).status_code
