"""How Zoom refuses, reads a body, and gives long lists in pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from starlette.responses import JSONResponse

from tests.fakes.kit import Asked, Refusal


def refused(
    status: int, code: int, message: str, *, headers: Mapping[str, str] | None = None, **more: Any
) -> Refusal:
    """Refuse with Zoom's own number in the body."""
    return Refusal(JSONResponse({"code": code, "message": message, **more}, status, headers))


def invalid(*fields: str) -> Refusal:
    """Refuse some parameters or fields."""
    errors = [{"field": field, "message": "Invalid field."} for field in fields]
    return refused(400, 300, "Validation Failed.", errors=errors)


def body_of(asked: Asked) -> dict[str, Any]:
    """Read a JSON object, or refuse."""
    try:
        body = asked.json
    except ValueError:
        raise invalid("body") from None
    if not isinstance(body, dict) or "application/json" not in asked.headers.get("content-type", ""):
        raise invalid("body")
    return cast("dict[str, Any]", body)


@dataclass(frozen=True)
class Pages:
    """How one list names the size of a page, the token that asks for one, and the token it gives."""

    size: str
    asks: str
    gives: str
    most: int

    def of(
        self, items: list[dict[str, Any]], query: Mapping[str, str]
    ) -> tuple[list[dict[str, Any]], dict[str, str]]:
        """Give a page of a list, and the token of the next one if there is one."""
        size, start = query.get(self.size, "30"), query.get(self.asks) or "0"
        if not size.isdigit() or not 1 <= int(size) <= self.most:
            raise invalid(self.size)
        if not start.isdigit():
            raise invalid(self.asks)
        end = int(start) + int(size)
        return items[int(start) : end], {self.gives: str(end)} if end < len(items) else {}
