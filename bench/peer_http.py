"""The peer of `bench/http.py`: Starlette that reads a request and writes ready dictionaries with orjson.

Run by uvicorn with the same options as ours; SLOTS names a JSON file with the answer of ours.
"""

import os
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


def make() -> Starlette:
    """Make the peer: every instant is a `datetime` that is written anew for each request."""
    answer: Any = orjson.loads(Path(os.environ["SLOTS"]).read_bytes())
    slots = answer["data"]["bookingPage"]["openSlots"]["slots"]
    for slot in slots:
        slot["start"], slot["end"] = (datetime.fromisoformat(slot[name]) for name in ("start", "end"))

    async def graphql(request: Request) -> Response:
        orjson.loads(await request.body())
        body = orjson.dumps(answer, option=orjson.OPT_UTC_Z)
        return Response(body, media_type="application/json")

    async def ready(_: Request) -> Response:
        return Response()

    return Starlette(routes=[Route("/graphql", graphql, methods=["POST"]), Route("/health/ready", ready)])
