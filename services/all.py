"""The bundle of every room's use cases, as the doors receive it."""

from dataclasses import dataclass

from services.absences import Absences
from services.accounts import Accounts
from services.announcements import Announcements
from services.audit import Audit
from services.availability import Availability
from services.board import Board
from services.booking_pages import BookingPages
from services.bookings import Bookings
from services.calendars import Calendars
from services.consents import Consents
from services.delegation import Delegating
from services.effects import Effects
from services.feeds import Feeds
from services.grants import Grants
from services.hearing import Hearing
from services.identities import Identities
from services.invitations import Invitations
from services.looking import Looking
from services.meetings import Meetings
from services.member_attributes import MemberAttributes
from services.members import Members
from services.organizations import Organizations
from services.page_hosts import PageHosts
from services.page_links import PageLinks
from services.page_templates import PageTemplates
from services.polls import Polls
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
from services.users import Users
from services.watching import Watching
from storage.limits import Limits
from storage.tabs import Tabs
from storage.unit import Units


@dataclass(frozen=True, slots=True)
class Services:
    """Every use case, and the units from which loaders read."""

    units: Units
    limits: Limits
    tabs: Tabs
    organizations: Organizations
    users: Users
    sign_in: SignIn
    identities: Identities
    members: Members
    invitations: Invitations
    accounts: Accounts
    delegation: Delegating
    teams: Teams
    team_availability: TeamAvailability
    resources: Resources
    audit: Audit
    calendars: Calendars
    consents: Consents
    grants: Grants
    watching: Watching
    looking: Looking
    hearing: Hearing
    schedules: Schedules
    absences: Absences
    pages: BookingPages
    page_hosts: PageHosts
    page_links: PageLinks
    page_templates: PageTemplates
    routing: Routing
    routing_forms: RoutingForms
    submissions: Submissions
    member_attributes: MemberAttributes
    availability: Availability
    showing: Showing
    bookings: Bookings
    polls: Polls
    feeds: Feeds
    team_feeds: TeamFeeds
    board: Board
    signals: Signals
    announcements: Announcements
    meetings: Meetings
    effects: Effects
