"""Which form of answer a caller accepts, and which form of question we do."""

from enum import StrEnum
from functools import lru_cache

from starlette.requests import Request

from app.http.responses import Code, Refused, failure


class Media(StrEnum):
    """Form of an answer; JSON is what callers get that do not care."""

    JSON = "application/json"
    GRAPHQL = "application/graphql-response+json"
    EVENTS = "text/event-stream"


_LONGEST_ACCEPT = 1_000


def negotiate(accept: str) -> Media:
    """Choose the form that an Accept header prefers; raises Refused with 406 where we have none of its."""
    return _negotiated(accept[:_LONGEST_ACCEPT]) if accept else Media.JSON


@lru_cache(maxsize=1024)
def _negotiated(accept: str) -> Media:
    best: tuple[float, Media] | None = None
    for media_range in accept.split(","):
        name, _, rest = media_range.partition(";")
        media = _RANGES.get(name.strip().lower())
        quality = _quality(rest)
        if media and quality > 0 and (best is None or quality > best[0]):
            best = (quality, media)
    if best is None:
        told = failure(Code.NOT_ACCEPTABLE, f"We answer in {', '.join(Media)}.")
        raise Refused(406, told)
    return best[1]


def check_content(request: Request) -> None:
    """Take JSON in UTF-8 and nothing else, plain: raises Refused with 415.

    The name is compared whole. Forms of foreign pages cannot send it without asking beforehand.
    """
    types = request.headers.getlist("content-type")
    if len(types) != 1 or not _is_json(types[0]):
        message = "A request has the content type application/json, in UTF-8."
        raise Refused(415, failure(Code.UNSUPPORTED_MEDIA_TYPE, message), headers={"Accept-Post": Media.JSON})
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        told = failure(Code.UNSUPPORTED_MEDIA_TYPE, "A request is sent without compression.")
        raise Refused(415, told, headers={"Accept-Encoding": "identity"})


@lru_cache(maxsize=256)
def _is_json(content_type: str) -> bool:
    name, _, rest = content_type.partition(";")
    parameters = [part.strip().lower() for part in rest.split(";") if part.strip()]
    return name.strip().lower() == Media.JSON and all(part in _CHARSETS for part in parameters)


_RANGES = {media.value: media for media in Media} | {"*/*": Media.JSON, "application/*": Media.JSON}
_CHARSETS = frozenset({"charset=utf-8", 'charset="utf-8"', "charset=utf8"})


def _quality(parameters: str) -> float:
    """Read `q`, 0 to 1; another charset than UTF-8 is none of ours, and neither is a broken number."""
    quality = 1.0
    for parameter in parameters.split(";"):
        name, _, value = (part.strip().lower() for part in parameter.partition("="))
        if name == "charset" and value.strip('"') not in {"utf-8", "utf8"}:
            return 0.0
        if name == "q":
            try:
                quality = float(value)
            except ValueError:
                return 0.0
    return quality if 0 <= quality <= 1 else 0.0
