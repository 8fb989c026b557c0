"""Turns an expected error into its GraphQL twin: one line for each pair."""

from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

from strawberry.types.field import StrawberryField

from domain.errors import Conflict, InvalidInput, NotAllowed, NotFound, RuleBroken, TooMany, TryAgain
from domain.organizations import RegionUnsupported, WrongRegion
from schema.context import Info
from schema.errors import (
    ConflictError,
    ErrorCode,
    ErrorType,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    RateLimitedError,
    RegionUnsupportedError,
    TryAgainError,
    WrongRegionError,
)

B = TypeVar("B", bound=RuleBroken)
B_contra = TypeVar("B_contra", bound=RuleBroken, contravariant=True)


class Shape(Protocol[B_contra]):
    """Makes a GraphQL error of an expected one and what it says in the reader's language."""

    def __call__(self, broken: B_contra, message: str, /) -> ErrorType:
        """Shape the error."""
        ...


class Answer(Generic[B]):
    """A handler for strawberry: where a field's union has `error_type`, the exception becomes it."""

    def __init__(self, broken: type[B], error_type: type[ErrorType], shape: Shape[B]) -> None:
        self.exception_type = broken
        self.error_type = error_type
        self._shape = shape

    def handle(self, exception: B, *, field: StrawberryField, info: Info) -> ErrorType:
        """Shape an exception that a resolver of this operation raised."""
        del field
        return self._shape(exception, info.context.say(exception))


def answer(broken: type[B], error_type: type[ErrorType], shape: Shape[B] | None = None) -> Answer[Any]:
    """Pair an expected error with its GraphQL twin; without `shape` the twin has no fields of its own."""
    return Answer(broken, error_type, shape or plain(error_type))


def plain(error_type: type[ErrorType]) -> Callable[[RuleBroken, str], ErrorType]:
    """Make the shape of an error type that has only what every error has."""

    def shape(broken: RuleBroken, message: str) -> ErrorType:
        return error_type(message=message, code=ErrorCode(broken.code), path=list(broken.path))

    return shape


def _rate_limited(broken: TooMany, message: str) -> RateLimitedError:
    return RateLimitedError(
        message=message,
        code=ErrorCode.RATE_LIMITED,
        path=list(broken.path),
        retry_after_seconds=broken.retry_after_s,
    )


def _wrong_region(broken: WrongRegion, message: str) -> WrongRegionError:
    return WrongRegionError(message=message, code=ErrorCode.WRONG_REGION, path=[], endpoint=broken.endpoint)


def _region_unsupported(broken: RegionUnsupported, message: str) -> RegionUnsupportedError:
    return RegionUnsupportedError(
        message=message,
        code=ErrorCode.REGION_UNSUPPORTED,
        path=list(broken.path),
        contact=broken.contact,
        endpoint=broken.endpoint,
    )


SHARED: tuple[Answer[Any], ...] = (
    answer(InvalidInput, InvalidInputError),
    answer(NotFound, NotFoundError),
    answer(NotAllowed, NotAllowedError),
    answer(Conflict, ConflictError),
    answer(TryAgain, TryAgainError),
    answer(TooMany, RateLimitedError, _rate_limited),
    answer(WrongRegion, WrongRegionError, _wrong_region),
    answer(RegionUnsupported, RegionUnsupportedError, _region_unsupported),
)
