"""What a caller is told when something fails, and what the log is told.

Expected errors speak for themselves. Everything else is our defect: outside it is one code and an
incident's id, inside the same id stands with the kinds of the errors and the places they came through.
Texts of exceptions are kept out of both, since they can quote what people typed.
"""

import logging
import traceback
from uuid import uuid4

from graphql import FieldNode, GraphQLError

from app.http.execution import OperationContext, ServedElsewhere
from app.http.responses import Code, Failure, failure
from domain.errors import RuleBroken, TooMany

_log = logging.getLogger(__name__)
_CODES = {"NOT_ALLOWED": Code.FORBIDDEN, "INVALID_INPUT": Code.BAD_USER_INPUT}


def tell_broken(broken: RuleBroken, context: OperationContext | None = None) -> Failure:
    """Tell an expected error that no union of the schema has taken up."""
    message = context.say(broken) if context else broken.message
    told = failure(_CODES.get(broken.code, broken.code), message)
    if broken.path:
        told["extensions"]["inputPath"] = list(broken.path)
    if isinstance(broken, TooMany):
        told["extensions"]["retryAfterSeconds"] = broken.retry_after_s
    if isinstance(broken, ServedElsewhere) and broken.endpoint:
        told["extensions"]["endpoint"] = broken.endpoint
    return told


def tell_incident(cause: BaseException, **where: str) -> Failure:
    """Log a defect and tell its id."""
    incident = str(uuid4())
    kinds, places = _trace(cause)
    _log.error(
        "GraphQL incident %s",
        incident,
        extra={"incident": incident, "kinds": kinds, "places": places, **where},
    )
    return failure(Code.INTERNAL, "Something went wrong on our side.", incident=incident)


def tell_field(error: GraphQLError, context: OperationContext, **where: str) -> Failure:
    """Tell an error that a field ended with, at its place in the document and in the answer."""
    cause = _innermost(error)
    if isinstance(cause, RuleBroken):
        told = tell_broken(cause, context)
    elif isinstance(cause, GraphQLError) and _is_callers(cause):
        told = failure(Code.BAD_USER_INPUT, cause.message)
        told["extensions"].update(cause.extensions or {})
    else:
        told = tell_incident(cause, field=".".join(str(step) for step in error.path or ()), **where)
    return placed(told, error)


def placed(told: Failure, error: GraphQLError) -> Failure:
    """Add an error's place in the document and in the answer."""
    if error.locations:
        told["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    if error.path:
        told["path"] = error.path
    return told


def _innermost(error: GraphQLError) -> BaseException:
    cause: BaseException = error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    return cause


def _is_callers(error: GraphQLError) -> bool:
    """Tell whether a GraphQL error is the caller's: it has a code, or points at an argument.

    What graphql-core raises about our own values, like an integer out of range, points at a field.
    """
    return "code" in (error.extensions or {}) or any(
        not isinstance(node, FieldNode) for node in error.nodes or ()
    )


def _trace(cause: BaseException) -> tuple[list[str], list[str]]:
    kinds: list[str] = []
    step: BaseException | None = cause
    while step is not None and len(kinds) < _LONGEST_CHAIN:
        kinds.append(type(step).__qualname__)
        step = step.__cause__ or step.__context__
    frames = traceback.extract_tb(cause.__traceback__)
    return kinds, [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]


_LONGEST_CHAIN = 8
