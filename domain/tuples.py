"""Named tuples by the thousand: their own constructors cost more than all that is in them."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar, cast

Tuple = TypeVar("Tuple", bound=tuple[Any, ...])

_new: Any = tuple.__new__  # pyright: ignore[reportUnknownMemberType] -- whatever the tuple holds


def maker_of(kind: type[Tuple]) -> Callable[[tuple[Any, ...]], Tuple]:
    """Give what makes a named tuple of a plain one that has all its values, in half the time and unchecked."""
    return cast("Callable[[tuple[Any, ...]], Tuple]", partial(_new, kind))
