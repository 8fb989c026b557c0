"""What a thief of the database or of Redis gets: nothing that opens anything."""

import base64
import re

import pytest

from domain.tokens import TokenKind
from tests.calendars import MONDAY
from tests.dump import dump
from tests.installation import KEY, LINK_KEY, Host, Installation, secrets_in
from tests.radicale import WORD

pytestmark = pytest.mark.anyio

NEW_KEY = """mutation ($input: ApiKeyCreateInput!) { apiKeyCreate(input: $input) {
  ... on ApiKeyCreatePayload { secret } ... on Error { message } } }"""


async def secrets_of(house: Installation, ada: Host) -> list[str]:
    """Let everything happen that leaves a secret, and list the secrets; some are only in mails."""
    made = await house.ask(NEW_KEY, ada.token, input={"name": "Deploy", "scopes": ["READ"]})
    slug = await house.page(ada)
    start, *_ = await house.starts(slug, MONDAY)
    booked = await house.book(slug, start)
    await house.work()
    mails = "\n".join(mail.part("text/plain") for mail in house.mails.newest_first())
    codes = re.findall(r"^\s*(\d{8})\s*$", mails, re.MULTILINE)
    links = secrets_in(mails, TokenKind.MANAGE)
    return [WORD, ada.token, made["apiKeyCreate"]["secret"], booked["manageToken"], *links, *codes]


def forms_of(secret: str) -> list[str]:
    """Write a secret as a dump could hold it: plain, as PostgreSQL writes bytes, in base64."""
    raw = secret.encode()
    inside = base64.b64encode(raw).decode().rstrip("=")[:-1]
    return [secret, raw.hex(), inside]


async def test_dump_of_the_database_opens_nothing(house: Installation, ada: Host, database_url: str) -> None:
    """Case 76: no password, token, link, API key, sign-in code, nor any key that seals."""
    secrets = await secrets_of(house, ada)

    text = dump(database_url)

    assert [secret.isdigit() for secret in secrets].count(True) == 1
    assert len(secrets) > 5
    assert ada.email in text
    assert [
        form for secret in secrets for form in forms_of(secret) if form in re.split(r"[\t\n]", text)
    ] == []
    long = [secret for secret in secrets if not secret.isdigit()]
    assert [form for secret in long for form in forms_of(secret) if form in text] == []
    keys = [base64.b64decode(key).hex() for key in (KEY, LINK_KEY)]
    assert [key for key in (*keys, KEY, LINK_KEY) if key in text] == []


async def test_everything_in_redis_opens_nothing(house: Installation, ada: Host) -> None:
    """Case 77: copies of busy times are sealed, and whatever else is there is hashes and ids."""
    secrets = await secrets_of(house, ada)
    names = await house.keys("*")

    held = b"\n".join([*names, *[await house.redis("DUMP", name) for name in names]])

    assert [name for name in names if name.startswith(b"slotgraph:busy:")]
    long = [secret for secret in secrets if not secret.isdigit()]
    assert [form for secret in long for form in forms_of(secret) if form.encode() in held] == []
    assert ada.email.encode() not in held
