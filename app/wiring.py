"""Builds engine, Redis, adapters and services, once per process. The only place that names the clock."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy.ext.asyncio import AsyncEngine

from app.providers import api_urls, applications, issuers
from app.settings import Settings
from app.settings_kinds import Environment
from app.words import Words, read_words
from domain.calendars import Provider
from domain.notifications import Person
from domain.organizations import Plan, Regions
from integrations.caldav import CalDav
from integrations.google import GoogleCalendars, GooglePings
from integrations.http import SafeHttp
from integrations.ics import IcsFeeds
from integrations.messages import SmtpPostman
from integrations.microsoft import MicrosoftCalendars, MicrosoftPings
from integrations.oauth import OAuth
from integrations.ports import CalendarPort, PingReader, Secret, WatchPort
from integrations.zoom import ZoomCalendars, ZoomMeetings, ZoomPings
from services.absences import Absences
from services.accounts import Accounts
from services.all import Services
from services.announcements import Announcements
from services.audit import Audit
from services.availability import Availability
from services.board import Board
from services.booking_pages import BookingPages
from services.bookings import (
    Answering,
    Bookings,
    Changing,
    Desk,
    Keeping,
    Links,
    Offering,
    Proving,
    Queues,
    Reading,
    Reassigning,
    Series,
    Taking,
    Waiting,
    Waiving,
)
from services.busy import BusyTimes, Deadlines
from services.calendars import Calendars
from services.connections import Connections
from services.consents import Consents
from services.delegation import Delegating
from services.effects import Effects
from services.entries import Entries
from services.feeds import Feeds
from services.grants import Grants
from services.hearing import Hearing
from services.identities import Identities
from services.invitations import Invitations
from services.looking import Looking
from services.mails.compose import Composer
from services.meetings import Meetings
from services.member_attributes import MemberAttributes
from services.members import Members
from services.notices import Notices
from services.organizations import Founding, Organizations
from services.page_hosts import PageHosts
from services.page_links import PageLinks
from services.page_templates import PageTemplates
from services.poll_notices import PollNotices
from services.polls import (
    Closing,
    Following,
    Holding,
    OrganizerLinks,
    Organizing,
    Polls,
    PollTimes,
    Seeing,
    Voting,
)
from services.resources import Resources
from services.routing import Routing
from services.routing_forms import RoutingForms
from services.schedules import Schedules
from services.showing import Showing
from services.sign_in import SignIn
from services.signals import Signals
from services.submissions import Submissions
from services.team_availability import TeamAvailability
from services.team_feeds import TeamFeeds
from services.teams import Teams
from services.telling import Tellings
from services.users import Users
from services.vault import KeyKeeping
from services.watching import Watching
from storage.access_tokens import AccessTokens
from storage.base import StorageFailed
from storage.failpoints import arm
from storage.freebusy import FreeBusy
from storage.limits import Limits
from storage.live import Live
from storage.redis import RedisClient, RedisFailed, connect
from storage.snapshots import Snapshots
from storage.tabs import Tabs
from storage.tickets import Tickets
from storage.unit import Units, engine_for
from storage.vault import KeyRing, Vault

_GENEROUS = 100  # outside production everybody may come from one address


def now() -> datetime:
    """Say what time it is: the one clock of the house."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that a process holds."""

    engine: AsyncEngine
    redis: RedisClient
    live: Live
    words: Words
    services: Services
    keys: KeyKeeping

    async def is_ready(self) -> tuple[bool, bool]:
        """Say whether the database and Redis answer."""
        return await self._database_answers(), await self._redis_answers()

    async def _database_answers(self) -> bool:
        try:
            async with self.services.units.read() as unit:
                await unit.outbox.log_end()
        except StorageFailed:
            return False
        return True

    async def _redis_answers(self) -> bool:
        try:
            return await self.redis.ping()
        except RedisFailed:
            return False

    async def close(self) -> None:
        """Close every connection, after those who would open it again."""
        await self.services.showing.close()
        await self.services.tabs.close()
        await self.services.consents.close()
        await self.services.grants.close()
        await self.redis.aclose()
        await self.engine.dispose()


def wire(
    settings: Settings,
    *,
    clock: Callable[[], datetime] = now,
    random_bytes: Callable[[int], bytes] = secrets.token_bytes,
) -> Parts:
    """Put the parts of one process together; nothing is connected before it is used."""
    arm(settings.failpoint)
    engine = engine_for(settings.database_url)
    redis = connect(settings.redis_url, settings.redis_deadline_s)
    live = Live(redis)
    words = read_words()
    units = Units(engine, clock, live)
    ring = KeyRing(settings.ring)
    vault = Vault(ring, settings.link_key, units, clock)
    is_production = settings.environment is Environment.PRODUCTION
    limits = Limits(redis, clock, vault.token_bytes("limits"), generosity=1 if is_production else _GENEROUS)
    regions = Regions(settings.regions, dict(settings.region_endpoints), settings.contact)
    founding = Founding(settings.home_region, random_bytes, Plan(settings.default_plan), regions)
    sign_in = SignIn(units, limits, live, vault, random_bytes, founding, regions)
    users = Users(units, Tickets(redis, vault), random_bytes, sign_in, regions)
    invitations = Invitations(units, limits, vault, random_bytes, founding, regions)
    http = SafeHttp(allow_loopback=settings.allow_loopback_providers)
    registered = applications(settings)
    google = GoogleCalendars(http, settings.google_api_url)
    microsoft = MicrosoftCalendars(http, settings.microsoft_api_url, clock)
    watched: dict[Provider, WatchPort] = {
        provider: port
        for provider, port in ((Provider.GOOGLE, google), (Provider.MICROSOFT, microsoft))
        if provider in registered
    }
    grants = Grants(
        units,
        vault,
        {provider: OAuth(http, application) for provider, application in registered.items()},
        AccessTokens(redis, vault),
        clock,
        watched,
        api_urls(settings),
    )
    calendar_ports: dict[Provider, CalendarPort] = {
        Provider.GOOGLE: google,
        Provider.MICROSOFT: microsoft,
        Provider.ZOOM: ZoomCalendars(http, settings.zoom_api_url, clock),
        Provider.CALDAV: CalDav(http),
        Provider.ICS: IcsFeeds(http),
    }
    connections = Connections(units, vault, calendar_ports, clock, grants, api_urls(settings))
    busy = BusyTimes(
        connections,
        FreeBusy(redis, vault, settings.freebusy_ttl_s),
        clock,
        Deadlines(live_s=settings.provider_deadline_s),
    )
    pages = BookingPages(units)
    availability = Availability(units, busy, clock, timedelta(seconds=settings.freebusy_ttl_s))
    desk = Desk(units, availability, vault, clock)
    domain = urlsplit(settings.public_url).hostname or "localhost"
    composer = Composer(words, Person("Slotgraph", settings.mail_from), domain)
    entries = Entries(units, connections, busy, clock, words, domain)
    zoom = ZoomMeetings(http, settings.zoom_api_url, clock)
    meetings = Meetings(units, connections, entries, {Provider.ZOOM: zoom}, limits)
    postman = SmtpPostman(settings.smtp_url)
    tellings = Tellings(units, desk, composer, postman, clock, settings.public_url)
    notices = Notices(units, desk, users, invitations, composer, postman, clock, settings.public_url)
    proving = Proving(desk, limits, vault)
    taking = Taking(desk, limits, proving, timedelta(minutes=settings.hold_minutes))
    changing = Changing(desk, limits)
    answering = Answering(desk)
    routing = Routing(units, vault, limits)
    offering = Offering(desk, taking)
    watching = Watching(units, connections, watched, random_bytes, settings.hooks_url or settings.public_url)
    looking = Looking(units, connections, busy, changing, live)
    signals, snapshots = Signals(live), Snapshots(redis)
    polls = _polls(desk, limits, signals)
    team_availability = TeamAvailability(units, busy)
    calendars = Calendars(units, connections, busy, limits, deadline_s=settings.connect_deadline_s)
    services = Services(
        units=units,
        limits=limits,
        tabs=Tabs(limits, clock),
        organizations=Organizations(units),
        users=users,
        sign_in=sign_in,
        identities=Identities(
            units,
            issuers(settings, http),
            vault,
            limits,
            founding,
            random_bytes,
            clock,
            settings.public_url,
            settings.connect_deadline_s,
            regions,
        ),
        members=Members(units),
        invitations=invitations,
        accounts=Accounts(units, random_bytes, regions),
        delegation=Delegating(units, users, limits),
        teams=Teams(units),
        team_availability=team_availability,
        resources=Resources(units),
        audit=Audit(units),
        calendars=calendars,
        consents=Consents(
            units,
            connections,
            grants,
            busy,
            vault,
            limits,
            random_bytes,
            settings.public_url,
            settings.connect_deadline_s,
        ),
        grants=grants,
        watching=watching,
        looking=looking,
        hearing=Hearing(units, limits, _ping_readers(settings), clock),
        schedules=Schedules(units),
        absences=Absences(units, limits),
        pages=pages,
        page_hosts=PageHosts(units),
        page_templates=PageTemplates(units),
        page_links=PageLinks(units, availability, vault, limits, clock),
        routing=routing,
        routing_forms=RoutingForms(units),
        submissions=Submissions(units, routing),
        member_attributes=MemberAttributes(units),
        availability=availability,
        showing=Showing(pages, availability, signals, clock, busy_s=settings.freebusy_ttl_s),
        bookings=Bookings(
            desk=desk,
            taking=taking,
            changing=changing,
            reassigning=Reassigning(desk, limits),
            answering=answering,
            links=Links(desk, limits),
            series=Series(desk, taking, limits),
            reading=Reading(desk),
            keeping=Keeping(desk),
            waiting=Waiting(desk, taking, limits, signals),
            offering=offering,
            queues=Queues(desk),
            proving=proving,
            waiving=Waiving(desk, taking, limits),
        ),
        polls=polls,
        feeds=Feeds(pages, availability, signals, snapshots, clock, refresh_s=settings.freebusy_ttl_s),
        team_feeds=TeamFeeds(
            units,
            team_availability,
            signals,
            snapshots,
            clock,
            vault.token_bytes("team_feeds"),
            refresh_s=settings.freebusy_ttl_s,
        ),
        board=Board(units, signals),
        signals=signals,
        announcements=Announcements(units, live),
        meetings=meetings,
        effects=Effects(
            units,
            tellings,
            notices,
            grants,
            meetings,
            watching,
            looking,
            calendars,
            clock,
            answering,
            offering,
            polls.closing,
            PollNotices(units, desk, composer, postman, clock, settings.public_url),
        ),
    )
    keys = KeyKeeping(units, vault, ring)
    return Parts(engine=engine, redis=redis, live=live, words=words, services=services, keys=keys)


def _polls(desk: Desk, limits: Limits, signals: Signals) -> Polls:
    """Put together what polls are, who all keep the same times and see the same of a poll."""
    holding, seeing = Holding(desk), Seeing(desk.units)
    organizing = Organizing(desk, PollTimes(desk.availability, limits, desk.clock), holding, limits)
    closing, following = Closing(desk, holding), Following(desk, signals, seeing)
    return Polls(
        organizing=organizing,
        voting=Voting(desk, limits, seeing),
        closing=closing,
        following=following,
        links=OrganizerLinks(desk, limits, organizing, closing, following),
    )


def _ping_readers(settings: Settings) -> dict[Provider, PingReader]:
    """Make what reads the pings of each provider at which this installation is registered."""
    readers: dict[Provider, PingReader] = {}
    if settings.google_client_id:
        readers[Provider.GOOGLE] = GooglePings()
    if settings.microsoft_client_id:
        readers[Provider.MICROSOFT] = MicrosoftPings()
    if settings.zoom_webhook_secret:
        readers[Provider.ZOOM] = ZoomPings(Secret(settings.zoom_webhook_secret))
    return readers
