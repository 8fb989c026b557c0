"""Named tuples by the thousand: their own constructors cost more than all that is in them."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

Tuple = TypeVar("Tuple", bound=tuple[Any, ...])


def maker_of(kind: type[Tuple]) -> Callable[[tuple[Any, ...]], Tuple]:
    """Give what makes a named tuple of a plain one that has all its values: unchecked, in half the time."""
    plain: Any = tuple
    return partial(plain.__new__, kind)
