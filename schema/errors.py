"""The Error interface and the errors that every room shares."""

from enum import Enum

import strawberry


@strawberry.enum(description="Stable name of an expected error, for programs.")
class ErrorCode(Enum):
    """Every code that an expected error can have."""

    INVALID_INPUT = strawberry.enum_value("INVALID_INPUT", description="A value cannot be used; see `path`.")
    NOT_FOUND = strawberry.enum_value("NOT_FOUND", description="No such thing, or none that one may see.")
    NOT_ALLOWED = strawberry.enum_value("NOT_ALLOWED", description="What the viewer may not do.")
    CLIENT_NOT_ALLOWED = strawberry.enum_value(
        "CLIENT_NOT_ALLOWED", description="A change that a mobile client asked for, which only reads."
    )
    CONFLICT = strawberry.enum_value(
        "CONFLICT", description="A thing that changed meanwhile, or a name that is taken."
    )
    TRY_AGAIN = strawberry.enum_value(
        "TRY_AGAIN", description="Something did not answer; nothing was written; a repeat may succeed."
    )
    RATE_LIMITED = strawberry.enum_value("RATE_LIMITED", description="A budget is used up for now.")
    SLOT_TAKEN = strawberry.enum_value("SLOT_TAKEN", description="A slot that is not free any more.")
    SLOT_NOT_OFFERED = strawberry.enum_value(
        "SLOT_NOT_OFFERED", description="A start that the page does not offer: rules, grid or hours."
    )
    SLOT_FREE = strawberry.enum_value("SLOT_FREE", description="A slot that nobody has to wait for.")
    NO_WAITLIST = strawberry.enum_value("NO_WAITLIST", description="A page without waitlists.")
    WAITLIST_FULL = strawberry.enum_value(
        "WAITLIST_FULL", description="A slot for which as many wait as may."
    )
    ALREADY_WAITING = strawberry.enum_value(
        "ALREADY_WAITING", description="An address that waits for the slot already."
    )
    NOT_WAIVED = strawberry.enum_value(
        "NOT_WAIVED", description="A start that rules refuse which its host did not name."
    )
    PAGE_MANAGED = strawberry.enum_value(
        "PAGE_MANAGED", description="A setting that a template says, not the owner of the page."
    )
    NO_DESTINATION = strawberry.enum_value(
        "NO_DESTINATION", description="A routing form that leads nowhere at the moment."
    )
    LINK_ENDED = strawberry.enum_value("LINK_ENDED", description="A link that opens nothing any more.")
    TIMES_NOT_FREE = strawberry.enum_value(
        "TIMES_NOT_FREE", description="Picked times of which some cannot be booked now."
    )
    POLL_ENDED = strawberry.enum_value("POLL_ENDED", description="A poll in which one cannot vote any more.")
    POLL_ANNOUNCED = strawberry.enum_value(
        "POLL_ANNOUNCED", description="A closing of a poll of which everybody was told."
    )
    OPTION_FULL = strawberry.enum_value("OPTION_FULL", description="An option whose places are taken.")
    HOLD_EXPIRED = strawberry.enum_value("HOLD_EXPIRED", description="A hold that has ended.")
    ALREADY_BOOKED = strawberry.enum_value(
        "ALREADY_BOOKED", description="An invitee who has as many bookings to come as one may have."
    )
    SERIES_NOT_FREE = strawberry.enum_value(
        "SERIES_NOT_FREE", description="A series some of whose starts cannot be booked."
    )
    TOO_LATE = strawberry.enum_value("TOO_LATE", description="A change after the page's deadline for it.")
    HOST_NOT_FREE = strawberry.enum_value(
        "HOST_NOT_FREE", description="A host who cannot take the time of a booking."
    )
    CODE_NEEDED = strawberry.enum_value("CODE_NEEDED", description="A bound link without its mailed code.")
    WRONG_CODE = strawberry.enum_value("WRONG_CODE", description="A code that is wrong, used or too old.")
    SIGN_UP_NEEDED = strawberry.enum_value(
        "SIGN_UP_NEEDED", description="A proved address with which nobody has signed up yet."
    )
    SIGN_IN_UNKNOWN = strawberry.enum_value(
        "SIGN_IN_UNKNOWN", description="A sign-in that was not begun in this browser, or is too old, or used."
    )
    SIGN_IN_PROVIDER_UNSUPPORTED = strawberry.enum_value(
        "SIGN_IN_PROVIDER_UNSUPPORTED", description="A provider with which one cannot sign in here."
    )
    SIGN_IN_PROVIDER_REFUSED = strawberry.enum_value(
        "SIGN_IN_PROVIDER_REFUSED", description="A provider that did not prove who somebody is."
    )
    IDENTITY_UNLINKED = strawberry.enum_value(
        "IDENTITY_UNLINKED", description="An account elsewhere that is linked to nobody here."
    )
    INVITATION_UNKNOWN = strawberry.enum_value(
        "INVITATION_UNKNOWN", description="An invitation that opens nothing for this person."
    )
    ADDRESS_UNPROVED = strawberry.enum_value(
        "ADDRESS_UNPROVED", description="A session that was opened without a proof of the address."
    )
    NOT_ENTITLED = strawberry.enum_value(
        "NOT_ENTITLED", description="A step that the organization's plan does not include."
    )
    WRONG_REGION = strawberry.enum_value(
        "WRONG_REGION", description="An organization that is served in another region."
    )
    REGION_UNSUPPORTED = strawberry.enum_value(
        "REGION_UNSUPPORTED", description="A region in which nobody can sign up here; see `contact`."
    )
    FRESH_SIGN_IN_NEEDED = strawberry.enum_value(
        "FRESH_SIGN_IN_NEEDED", description="A sign-in that was more than ten minutes ago."
    )
    PROVIDER_UNSUPPORTED = strawberry.enum_value(
        "PROVIDER_UNSUPPORTED", description="A calendar provider that is not supported."
    )
    PROVIDER_REFUSED = strawberry.enum_value(
        "PROVIDER_REFUSED", description="A calendar server that could not be used with these details."
    )
    CONSENT_UNKNOWN = strawberry.enum_value(
        "CONSENT_UNKNOWN", description="A consent that was not begun in this session, or is too old, or used."
    )
    CONSENT_DENIED = strawberry.enum_value(
        "CONSENT_DENIED", description="A consent to less than a calendar needs to be of any use."
    )
    ANOTHER_ACCOUNT = strawberry.enum_value(
        "ANOTHER_ACCOUNT", description="A consent with another account than the one to be opened again."
    )


@strawberry.interface(name="Error", description="Expected error that a person or program can act on.")
class ErrorType:
    """What every expected error says."""

    message: str = strawberry.field(description="Sentence for a person, in the reader's language.")
    code: ErrorCode = strawberry.field(description="Stable name for programs.")
    path: list[str] = strawberry.field(
        description="Input field at fault, outermost first; empty where no single field is."
    )


@strawberry.type(name="InvalidInputError", description="Value that cannot be used.")
class InvalidInputError(ErrorType):
    """Twin of domain.errors.InvalidInput."""


@strawberry.type(name="NotFoundError", description="Thing that is not there, or not for this viewer.")
class NotFoundError(ErrorType):
    """Twin of domain.errors.NotFound."""


@strawberry.type(name="NotAllowedError", description="Action that this viewer may not take.")
class NotAllowedError(ErrorType):
    """Twin of domain.errors.NotAllowed."""


@strawberry.type(name="ConflictError", description="Change that meets another, or a name that is taken.")
class ConflictError(ErrorType):
    """Twin of domain.errors.Conflict."""


@strawberry.type(name="TryAgainError", description="Failure that may pass; nothing was written.")
class TryAgainError(ErrorType):
    """Twin of domain.errors.TryAgain."""


@strawberry.type(name="RateLimitedError", description="Budget that is used up for now.")
class RateLimitedError(ErrorType):
    """Twin of domain.errors.TooMany."""

    retry_after_seconds: int = strawberry.field(description="Seconds until a repeat can succeed.")


@strawberry.type(name="WrongRegionError", description="Organization that is served in another region.")
class WrongRegionError(ErrorType):
    """Twin of domain.organizations.WrongRegion."""

    endpoint: str | None = strawberry.field(
        description="Address under which that region is reached; null where it is not known here."
    )


@strawberry.type(name="RegionUnsupportedError", description="Region in which nobody can sign up here.")
class RegionUnsupportedError(ErrorType):
    """Twin of domain.organizations.RegionUnsupported."""

    contact: str | None = strawberry.field(
        description="Whom to ask, a web address or a mail address; null where the operator names none."
    )
    endpoint: str | None = strawberry.field(
        description="Address under which that region is reached; null where it is not known here."
    )


@strawberry.type(name="ClientNotAllowedError", description="Change by a mobile client, which only reads.")
class ClientNotAllowedError(ErrorType):
    """Twin of domain.users.ClientNotAllowed; `resolvers/clients.py` puts it into every result."""
