"""What stands in a host's calendar, and what opens it, is found in nothing that we keep, say or log.

The life that is looked through has met every operation of the API and every way in which a provider can
fail, at each provider, with canaries in all that a foreign entry can hold.
"""

import pytest

from tests.proofs.finding import found_in, spellings
from tests.proofs.life import Life

pytestmark = pytest.mark.anyio
_KEPT = ("dumps", "redis", "commands", "logs")
_NOT_HERE = {
    "calendarReconnect",  # only where there is a password
    "calendarConsentStart",  # and this only where there is none
    "calendarConsentFinish",  # of a state that nobody was given
    "signInWithFinish",  # as that one
    "identityLinkFinish",
    "invitationAccept",  # needs the secret of a mail to the host from another organization
    "ownershipTransfer",  # needs a sign-in of the last ten minutes, and this life is longer
    "calendarUpdate",  # where the account's first calendar is one that can only be read
}
_SAID = ("answers", "live", "mails")


async def test_life_was_a_full_one(life: Life) -> None:
    """What the other proofs look through is there, and the canaries were within reach all the time."""
    amounts = {kind: len("".join(getattr(life, kind))) for kind in (*_KEPT, *_SAID)}
    assert min(amounts.values()) > 1000, amounts
    assert life.foreign[0].count(b"canary") >= 20
    assert {name for name, result in life.outcomes.items() if result != "works"} <= _NOT_HERE
    assert len(life.secrets) > 10
    assert len(life.markers) > 3
    if life.provider != "CALDAV":
        assert len(life.tokens) > 4


@pytest.mark.parametrize("kind", [*_KEPT, *_SAID])
async def test_no_word_of_an_entry_and_no_token_is_found(life: Life, kind: str) -> None:
    """R016, R020, R061 to R065, P1, P7, P8, cases 66, 76, 77, 164."""
    assert found_in(life.words, getattr(life, kind)) == []


@pytest.mark.parametrize("kind", _KEPT)
async def test_no_link_key_or_code_is_kept(life: Life, kind: str) -> None:
    """Cases 76, 77: who has the database, Redis or the logs has no way in."""
    assert found_in(life.secrets, getattr(life, kind)) == []


@pytest.mark.parametrize("kind", ["redis", "commands", "logs", *_SAID])
async def test_no_marker_leaves_the_database(life: Life, kind: str) -> None:
    """R068: by it we know our entries again; nobody else learns it but the calendar that it stands in."""
    assert found_in(life.markers, getattr(life, kind)) == []


def test_secret_is_found_in_every_spelling() -> None:
    """The search itself can find."""
    for text in ("x canary-1 y", "\\x63616e6172792d31", "YSBjYW5hcnktMQ==", "IGNhbmFyeS0xIA"):
        assert found_in({"canary-1"}, [text]), text
    assert len(spellings("canary-1")) >= 5
