"""The demo's providers and an issuer, all on one port: `python -m tests.fakes --port N --hosts FILE`.

With `--registrations` it prints what an installation has to be told of them, as JSON, and ends. The
file is JSON: a list of people with email and name, who have an account at each provider, with a calendar
that looks lived in. What they hold is forgotten when the process ends.
"""

import argparse
import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.fakes.desk import Desk
from tests.fakes.google import GoogleFake
from tests.fakes.graph import GraphFake
from tests.fakes.issuer import IssuerFake
from tests.fakes.kit import served
from tests.fakes.oauth import Person
from tests.fakes.registrations import registrations
from tests.fakes.zoom import ZoomFake


async def serve(port: int, people: Sequence[Person], hooks_url: str) -> None:
    """Serve until the process is told to end; webhooks go to `hooks_url`."""
    google, graph, zoom = GoogleFake(people), GraphFake(people), ZoomFake(people)
    registered = registrations(f"http://127.0.0.1:{port}")
    zoom.webhooks.secret = registered["ZOOM_WEBHOOK_SECRET"]
    desk = Desk(google, graph, zoom)
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    for number, person in enumerate(people):
        for days in range(1, 15, 2):
            at = today + timedelta(days=days, hours=9 + (number + days) % 6)
            google.calendars[person.email].add(at, at + timedelta(hours=1), summary="Design review")
            graph.mailboxes[person.email].calendars[0].add(
                at + timedelta(hours=1), at + timedelta(hours=2), subject="One to one"
            )
            later = (at + timedelta(hours=2), at + timedelta(hours=3))
            start, end = ({"dateTime": when.strftime("%Y-%m-%dT%H:%M:%SZ")} for when in later)
            event = {"summary": "Planning", "start": start, "end": end}
            zoom.calendar(person.email).add(event, at, person.email)
    async with served(google, graph, zoom, IssuerFake(people), desk, port=port):
        await desk.deliver(hooks_url)


def main() -> None:
    """Read who there is, and serve."""
    parser = argparse.ArgumentParser(prog="python -m tests.fakes")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--hosts", type=Path, help="who has accounts")
    parser.add_argument("--hooks", default="", help="where the installation hears of changes")
    parser.add_argument("--registrations", action="store_true", help="print our registrations, and end")
    given = parser.parse_args()
    if given.registrations:
        print(json.dumps(registrations(f"http://127.0.0.1:{given.port}")))  # noqa: T201 -- what it is for
        return
    hosts = json.loads(given.hosts.read_text())
    people = [Person(f"demo-{host['email']}", host["email"], host["name"]) for host in hosts]
    asyncio.run(serve(given.port, people, given.hooks))


if __name__ == "__main__":
    main()
