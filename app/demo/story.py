"""The whole story, from an empty installation."""

from app.demo import asking, calendars, keeping, pages, studio, visitors
from app.demo.cast import HOSTS, Host
from app.demo.routing import routing_story
from app.settings import Settings
from app.wiring import Parts, now, wire
from domain.ids import OrganizationId
from domain.organizations import Organization, Plan
from domain.users import Scope, SignedIn
from storage.base import new_id


async def load(settings: Settings, calendar_url: str, users_file: str, password: str) -> dict[str, object]:
    """Load the story; give what a newcomer needs to play it. On an installation that has it, nothing."""
    parts = wire(settings)
    try:
        async with parts.services.units.read() as unit:
            if await unit.users.by_handle(HOSTS[0].handle):
                return {"note": "The demo's people are here already; their keys were told then."}
        organization = Organization(
            OrganizationId(new_id()), "Larkspur Studio", settings.home_region, Plan.BUSINESS, now()
        )
        viewers = await studio.people(parts, organization)
        calendars.let_in(users_file, password)
        for viewer in viewers.values():
            await calendars.lived_in(parts, viewer, calendar_url, password)
        for host, page in pages.PAGES:
            await parts.services.pages.create(viewers[host], page)
        await pages.share(parts, viewers)
        await pages.need_rooms(parts, viewers["ada"])
        team = await studio.team(parts, viewers)
        await studio.delegate_to(parts, viewers["maya"], viewers["kenji"])
        starts = await visitors.bookings(settings, parts)
        await visitors.wait(parts, starts)
        return {
            "organization": organization.name,
            "links": await asking.sent_links(parts, viewers),
            "polls": await asking.opened_polls(parts, viewers),
            "routing": await routing_story(parts, viewers["ada"], viewers["kenji"]),
            "template": await keeping.template(parts, viewers["ada"], team),
            "standIn": await keeping.stand_in(parts, viewers["maya"], viewers["kenji"]),
            "hosts": [await _told(parts, host, viewers[host.handle]) for host in HOSTS],
        }
    finally:
        await parts.close()


async def _told(parts: Parts, host: Host, viewer: SignedIn) -> dict[str, object]:
    """Say what is to be known of a host, with a new API key."""
    made = await parts.services.users.create_api_key(viewer, "Demo", frozenset(Scope), None)
    return {
        "handle": host.handle,
        "name": host.name,
        "zone": host.zone,
        "email": viewer.user.email,
        "apiKey": made.secret,
        "pages": [f"{handle}/{page.slug}" for handle, page in pages.PAGES if handle == host.handle],
    }
