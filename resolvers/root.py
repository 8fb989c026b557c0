"""Joins every room into Query, Mutation and Subscription, and makes the Schema."""

import strawberry
from strawberry.schema.config import StrawberryConfig

from resolvers import (
    booking_codes,
    booking_series,
    bookings,
    calendars,
    clients,
    consents,
    identities,
    members,
    organizations,
    page_hosts,
    page_links,
    page_templates,
    polls,
    routing,
    users,
    waitlists,
)
from resolvers.absences import AbsencesMutation, AbsencesQuery
from resolvers.answers import SHARED
from resolvers.availability import AvailabilityMutation, AvailabilityQuery
from resolvers.ballots import BallotsMutation, BallotsQuery, BallotsSubscription
from resolvers.booking_answers import BookingAnswersMutation
from resolvers.booking_codes import BookingCodesMutation
from resolvers.booking_links import BookingLinksMutation
from resolvers.booking_pages import BookingPagesMutation, BookingPagesQuery
from resolvers.booking_series import BookingSeriesMutation
from resolvers.bookings import BookingsMutation, BookingsQuery
from resolvers.calendars import CalendarsMutation, CalendarsQuery
from resolvers.consents import ConsentsMutation, ConsentsQuery
from resolvers.delegation import DelegationMutation, DelegationQuery
from resolvers.identities import IdentitiesMutation, IdentitiesQuery
from resolvers.limitations import LimitationsQuery
from resolvers.member_attributes import MemberAttributesMutation, MemberAttributesQuery
from resolvers.members import MembersMutation
from resolvers.nodes import NodesQuery
from resolvers.organizations import OrganizationsMutation
from resolvers.page_hosts import PageHostsMutation, PageHostsQuery
from resolvers.page_links import PageLinksMutation, PageLinksQuery
from resolvers.page_templates import PageTemplatesMutation, PageTemplatesQuery
from resolvers.page_waiters import PageWaitersMutation, PageWaitersQuery
from resolvers.poll_links import PollLinksMutation, PollLinksQuery, PollLinksSubscription
from resolvers.polls import PollsMutation, PollsQuery, PollsSubscription
from resolvers.resources import ResourcesMutation
from resolvers.routing import RoutingMutation, RoutingQuery
from resolvers.slots import SlotsQuery, SlotsSubscription
from resolvers.stand_ins import StandInsMutation, StandInsQuery
from resolvers.submissions import SubmissionsMutation, SubmissionsQuery
from resolvers.team_availability import TeamAvailabilityQuery, TeamsSubscription
from resolvers.teams import TeamsMutation
from resolvers.users import UsersMutation, UsersQuery
from resolvers.waitlists import WaitlistsMutation, WaitlistsQuery, WaitlistsSubscription
from schema.scalars import SCALARS


@strawberry.type(name="Query", description="What can be asked.")
class Query(
    NodesQuery,
    UsersQuery,
    IdentitiesQuery,
    CalendarsQuery,
    ConsentsQuery,
    AvailabilityQuery,
    AbsencesQuery,
    StandInsQuery,
    BookingPagesQuery,
    SlotsQuery,
    BookingsQuery,
    PageHostsQuery,
    TeamAvailabilityQuery,
    PageLinksQuery,
    PageTemplatesQuery,
    LimitationsQuery,
    WaitlistsQuery,
    PageWaitersQuery,
    DelegationQuery,
    PollsQuery,
    BallotsQuery,
    PollLinksQuery,
    RoutingQuery,
    SubmissionsQuery,
    MemberAttributesQuery,
):
    """Every room's questions."""


@strawberry.type(name="Mutation", description="What can be done.")
class Mutation(
    UsersMutation,
    IdentitiesMutation,
    OrganizationsMutation,
    MembersMutation,
    TeamsMutation,
    CalendarsMutation,
    ConsentsMutation,
    AvailabilityMutation,
    AbsencesMutation,
    StandInsMutation,
    BookingPagesMutation,
    BookingsMutation,
    PageHostsMutation,
    PageLinksMutation,
    PageTemplatesMutation,
    BookingAnswersMutation,
    BookingLinksMutation,
    BookingCodesMutation,
    BookingSeriesMutation,
    WaitlistsMutation,
    PageWaitersMutation,
    DelegationMutation,
    ResourcesMutation,
    PollsMutation,
    BallotsMutation,
    PollLinksMutation,
    RoutingMutation,
    SubmissionsMutation,
    MemberAttributesMutation,
):
    """Every room's actions."""


@strawberry.type(name="Subscription", description="What can be followed.")
class Subscription(
    SlotsSubscription,
    WaitlistsSubscription,
    TeamsSubscription,
    PollsSubscription,
    BallotsSubscription,
    PollLinksSubscription,
):
    """Every room's streams."""


clients.guard(Mutation)
schema = strawberry.Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    config=StrawberryConfig(scalar_map=SCALARS),
    exception_handlers=(
        *SHARED,
        *clients.ANSWERS,
        *users.ANSWERS,
        *identities.ANSWERS,
        *organizations.ANSWERS,
        *members.ANSWERS,
        *calendars.ANSWERS,
        *consents.ANSWERS,
        *bookings.ANSWERS,
        *page_hosts.ANSWERS,
        *page_links.ANSWERS,
        *page_templates.ANSWERS,
        *booking_codes.ANSWERS,
        *booking_series.ANSWERS,
        *waitlists.ANSWERS,
        *polls.ANSWERS,
        *routing.ANSWERS,
    ),
)
