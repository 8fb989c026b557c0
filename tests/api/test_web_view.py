"""The web view of mobile clients: where it begins, and where it may go."""

from pathlib import Path

import pytest

from app.http.mobile import targets_of
from tests.installation import Installation, running

pytestmark = pytest.mark.anyio


async def test_the_start_needs_a_session_and_leads_to_the_sign_in_without_one(house: Installation) -> None:
    """R037."""
    ada = await house.sign_up()
    cookie = {"Cookie": f"session={ada.token}"}

    came = [
        await house.http.get("/mobile", headers=headers)
        for headers in (
            {},
            {"Cookie": "session=sgs_wrong"},
            {"Authorization": "Bearer nobody"},
            {"Cookie": "session=%C3%BC"},
            cookie,
            {"Authorization": f"Bearer {ada.token}"},
        )
    ]
    await house.ask("mutation { signOut { __typename } }", ada.token)
    after = await house.http.get("/mobile", headers=cookie)

    assert [(one.status_code, one.headers.get("location")) for one in [*came[:4], after]] == [
        (303, "/connect")
    ] * 5
    assert [one.status_code for one in came[4:]] == [200, 200]
    assert "/web/mobile.js" in came[4].text
    assert {one.headers["cache-control"] for one in came} == {"no-store"}
    assert "connect-src 'self'" in came[4].headers["content-security-policy"]
    scripts = [await house.http.get(f"/web/{name}.js") for name in ("mobile", "bridge")]
    assert [one.status_code for one in scripts] == [200, 200]


async def test_the_web_view_may_go_to_us_alone_and_by_https(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    """R038."""
    async with running(database_url, redis_url, tmp_path, PUBLIC_URL="https://Book.example.com/") as house:
        came = await house.http.get("/mobile/targets.json")

    assert came.json() == {"start": "/mobile", "allowed": ["https://book.example.com"]}
    assert targets_of("https://book.example.com:443/") == ["https://book.example.com"]
    assert targets_of("https://book.example.com:8443") == ["https://book.example.com:8443"]
    assert targets_of("http://127.0.0.1:8000") == []
