"""Joins every room into Query, Mutation and Subscription, and makes the Schema."""

import strawberry
from strawberry.schema.config import StrawberryConfig

from resolvers import bookings, calendars, consents, identities, members, organizations, page_hosts, users
from resolvers.answers import SHARED
from resolvers.availability import AvailabilityMutation, AvailabilityQuery
from resolvers.booking_pages import BookingPagesMutation, BookingPagesQuery
from resolvers.bookings import BookingsMutation, BookingsQuery
from resolvers.calendars import CalendarsMutation, CalendarsQuery
from resolvers.consents import ConsentsMutation, ConsentsQuery
from resolvers.identities import IdentitiesMutation, IdentitiesQuery
from resolvers.limitations import LimitationsQuery
from resolvers.members import MembersMutation
from resolvers.nodes import NodesQuery
from resolvers.organizations import OrganizationsMutation
from resolvers.page_hosts import PageHostsMutation, PageHostsQuery
from resolvers.slots import SlotsQuery, SlotsSubscription
from resolvers.teams import TeamsMutation
from resolvers.users import UsersMutation, UsersQuery
from schema.scalars import SCALARS


@strawberry.type(name="Query", description="What can be asked.")
class Query(
    NodesQuery,
    UsersQuery,
    IdentitiesQuery,
    CalendarsQuery,
    ConsentsQuery,
    AvailabilityQuery,
    BookingPagesQuery,
    SlotsQuery,
    BookingsQuery,
    PageHostsQuery,
    LimitationsQuery,
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
    BookingPagesMutation,
    BookingsMutation,
    PageHostsMutation,
):
    """Every room's actions."""


@strawberry.type(name="Subscription", description="What can be followed.")
class Subscription(SlotsSubscription):
    """Every room's streams."""


schema = strawberry.Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    config=StrawberryConfig(scalar_map=SCALARS),
    exception_handlers=(
        *SHARED,
        *users.ANSWERS,
        *identities.ANSWERS,
        *organizations.ANSWERS,
        *members.ANSWERS,
        *calendars.ANSWERS,
        *consents.ANSWERS,
        *bookings.ANSWERS,
        *page_hosts.ANSWERS,
    ),
)
