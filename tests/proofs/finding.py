"""Finding a secret in whatever was written down, also where it was encoded on the way."""

from base64 import b64encode
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from redis.asyncio import Redis


def spellings(secret: str) -> set[str]:
    """Spell a secret as text, in an address, as hexadecimal digits, and within any base64."""
    word = secret.encode()
    found = {secret, quote(secret, safe=""), word.hex(), word.hex().upper()}
    for skipped in range(3):
        digits = b64encode(b"\0" * skipped + word).decode()
        inner = digits[-(-skipped * 8 // 6) : (skipped + len(word)) * 8 // 6]
        found |= {inner, inner.replace("+", "-").replace("/", "_")}
    return found


def found_in(secrets: Iterable[str], texts: Iterable[str]) -> list[str]:
    """Give what stands around each place where a secret was found."""
    needles = {needle for secret in secrets for needle in spellings(secret)}
    return [
        text[max(0, at - 80) : at + 80]
        for text in texts
        for needle in needles
        if (at := text.find(needle)) >= 0
    ]


async def everything_in(redis_url: str) -> list[str]:
    """Read every key and value in Redis; bytes as the characters of the same numbers."""
    client: Any = Redis.from_url(redis_url)  # pyright: ignore[reportUnknownMemberType] -- its own types
    reads = {
        b"string": ("GET",),
        b"hash": ("HGETALL",),
        b"set": ("SMEMBERS",),
        b"list": ("LRANGE", 0, -1),
        b"zset": ("ZRANGE", 0, -1, "WITHSCORES"),
        b"stream": ("XRANGE", "-", "+"),
    }
    try:
        texts: list[str] = []
        for key in await client.keys("*"):
            kind: Any = await client.type(key)
            if kind == b"none":
                continue  # its time to live has ended meanwhile
            command, *more = reads[kind]
            texts.append(_text([key, await client.execute_command(command, key, *more)]))
        return texts
    finally:
        await client.aclose()


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, dict):
        return " ".join(_text(part) for pair in value.items() for part in pair)  # pyright: ignore[reportUnknownVariableType] -- whatever Redis has
    if isinstance(value, list | tuple | set):
        return " ".join(_text(part) for part in value)  # pyright: ignore[reportUnknownVariableType] -- as above
    return str(value)
