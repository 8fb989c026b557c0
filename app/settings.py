"""Settings from the environment: each with a type, a safe default and a sentence; refused early."""

from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields
from functools import partial
from typing import Any, Self
from urllib.parse import urlsplit

from app.settings_kinds import (
    Environment,
    FirstPlan,
    LogLevel,
    Network,
    a_choice,
    a_contact,
    a_flag,
    a_key,
    a_key_file,
    a_key_ring,
    a_mail_server,
    a_mailbox,
    a_manifest,
    a_number,
    a_redis,
    a_region,
    a_web_address,
    endpoints,
    networks,
    origins,
    postgres,
    regions,
    setting,
)
from app.settings_providers import ProviderSettings


class SettingsRefused(Exception):
    """Settings that cannot be used; `problems` has a sentence for each, naming it and not its value."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__("The settings cannot be used:\n" + "\n".join(f"  {problem}" for problem in problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(ProviderSettings):
    """Everything an installation can choose; the variable of a field has its name in capitals."""

    environment: Environment = setting(  # noqa: RUF009 -- declares a field
        partial(a_choice, Environment),
        "What this installation is: development, test or production; production refuses what is not safe.",
        default=Environment.PRODUCTION,
        example="development",
    )
    public_url: str = setting(
        a_web_address,
        "Address under which people reach this installation; links in mails begin with it.",
        default="http://127.0.0.1:8000",
        example="http://127.0.0.1:8000",
    )
    hooks_url: str = setting(
        a_web_address,
        "Address under which providers reach this installation with their pings; empty for PUBLIC_URL.",
        default="",
        example="",
    )
    database_url: str = setting(
        postgres,
        "PostgreSQL 15 or newer; user and password stand in it.",
        example="postgresql://slotgraph:password@127.0.0.1/slotgraph",
        secret=True,
    )
    redis_url: str = setting(
        a_redis,
        "Valkey or Redis, by redis://, rediss:// or unix://; it may lose everything without harm.",
        example="redis://127.0.0.1:6379/0",
        secret=True,
    )
    redis_deadline_s: float = setting(
        partial(a_number, 0.05, 10),
        "Seconds that Redis has to answer; later it is taken to be away.",
        default=0.5,
        example="0.5",
    )
    smtp_url: str = setting(
        a_mail_server,
        "Mail server, by smtps://, starttls:// or smtp:// (STARTTLS, plain only on loopback).",
        example="smtp://127.0.0.1:2525",
        secret=True,
    )
    mail_from: str = setting(
        a_mailbox,
        "Address that mails come from.",
        default="slotgraph@localhost",
        example="slotgraph@localhost",
    )
    keys: Mapping[str, bytes] | None = setting(
        a_key_ring,
        "Keys that wrap the keys of stored secrets, as id:base64 of 32 bytes, with commas; the first wraps.",
        default=None,
        example="k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        secret=True,
        instead="KEYS_FILE",
    )
    keys_file: Mapping[str, bytes] | None = setting(
        a_key_file,
        "File that holds these keys in place of KEYS, a line for each; others must not be able to read it.",
        default=None,
        secret=True,
    )
    link_key: bytes = setting(
        a_key,
        "Key of the links in mails, base64 of 32 bytes; links sent before it was changed keep working.",
        example="AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        secret=True,
    )
    home_region: str = setting(
        a_region, "Region in which new organizations are founded.", default="local", example="local"
    )
    regions: frozenset[str] = setting(
        regions,
        "Regions that this installation serves, with commas.",
        default=frozenset({"local"}),
        example="local",
    )
    region_endpoints: tuple[tuple[str, str], ...] = setting(
        endpoints,
        "Where other regions are served, as region=https://address, with commas; told to who belongs there.",
        default=(),
        example="",
    )
    contact: str | None = setting(
        a_contact, "Whom to ask who cannot sign up here: a web address or a mail address.", default=None
    )
    default_plan: FirstPlan = setting(  # noqa: RUF009 -- declares a field
        partial(a_choice, FirstPlan),
        "Plan of new organizations: business and enterprise include scheduling, basic and pro do not.",
        default=FirstPlan.BUSINESS,
        example="business",
    )
    allowed_origins: frozenset[str] = setting(
        origins,
        "Origins of other sites whose pages may ask, like https://book.example.com, with commas.",
        default=frozenset[str](),
    )
    trusted_proxies: tuple[Network, ...] = setting(
        networks,
        "Networks of the proxies before us, with commas; only their X-Forwarded-For is believed.",
        default=(),
        example="127.0.0.1/32",
    )
    allow_loopback_providers: bool = setting(
        a_flag,
        "Whether calendars on this machine may be connected; only for development.",
        default=False,
        example="no",
    )
    demo: bool = setting(
        a_flag,
        "Whether demo people with known sign-ins may be loaded; only for development.",
        default=False,
        example="no",
    )
    console: bool = setting(
        a_flag,
        "Whether the query console is served; only for development.",
        default=False,
        example="no",
    )
    introspection: bool = setting(
        a_flag,
        "Whether the schema may be asked for over the API.",
        default=False,
        example="no",
    )
    freebusy_ttl_s: int = setting(
        partial(a_number, 1, 30),
        "Seconds for which busy times that were read may be shown again; bookings always look anew.",
        default=20,
        example="20",
    )
    provider_deadline_s: float = setting(
        partial(a_number, 0.1, 30),
        "Seconds that a calendar has to answer before a booking; later is busy.",
        default=2.0,
        example="2",
    )
    connect_deadline_s: float = setting(
        partial(a_number, 1, 30),
        "Seconds that a provider has to answer while somebody connects an account or signs in with it.",
        default=15.0,
        example="15",
    )
    hold_minutes: int = setting(
        partial(a_number, 1, 60), "Minutes for which a slot is held.", default=5, example="5"
    )
    graphql_guest_bytes: int = setting(
        partial(a_number, 1_000, 1_000_000),
        "Largest request of a guest in bytes.",
        default=16_384,
        example="16384",
    )
    graphql_bytes: int = setting(
        partial(a_number, 1_000, 10_000_000),
        "Largest request of somebody signed in, in bytes.",
        default=65_536,
        example="65536",
    )
    graphql_guest_tokens: int = setting(
        partial(a_number, 10, 100_000),
        "Longest document of a guest in tokens.",
        default=1_000,
        example="1000",
    )
    graphql_tokens: int = setting(
        partial(a_number, 10, 100_000),
        "Longest document of somebody signed in, in tokens.",
        default=2_000,
        example="2000",
    )
    graphql_depth: int = setting(
        partial(a_number, 3, 50), "Deepest operation in levels.", default=12, example="12"
    )
    graphql_aliases: int = setting(
        partial(a_number, 0, 1_000), "Most aliases in an operation.", default=30, example="30"
    )
    graphql_deadline_s: float = setting(
        partial(a_number, 1, 60),
        "Seconds that an operation may take before it is ended.",
        default=5.0,
        example="5",
    )
    graphql_guest_cost: int = setting(
        partial(a_number, 10, 1_000_000),
        "Most cost points of one operation of a guest.",
        default=1_000,
        example="1000",
    )
    graphql_cost: int = setting(
        partial(a_number, 10, 1_000_000),
        "Most cost points of one operation of somebody signed in.",
        default=5_000,
        example="5000",
    )
    rate_guest_cost_per_minute: int = setting(
        partial(a_number, 10, 10_000_000),
        "Cost points that a guest's address may spend in a minute.",
        default=20_000,
        example="20000",
    )
    rate_cost_per_minute: int = setting(
        partial(a_number, 10, 10_000_000),
        "Cost points that somebody signed in may spend in a minute.",
        default=60_000,
        example="60000",
    )
    trusted_documents: tuple[str, ...] = setting(
        a_manifest,
        "JSON file of documents by their SHA-256, which clients may name instead of sending them.",
        default=(),
        example="",
    )
    guests_only_trusted: bool = setting(
        a_flag,
        "Whether guests may run only the documents of that file.",
        default=False,
        example="no",
    )
    streams_per_address: int = setting(
        partial(a_number, 1, 1_000_000),
        "Most sockets and event streams that one address may hold open; many guests may share one.",
        default=50,
        example="50",
    )
    streams_per_process: int = setting(
        partial(a_number, 1, 1_000_000),
        "Most sockets and event streams that one API process holds open; each is an open file.",
        default=10_000,
        example="10000",
    )
    failpoint: str = setting(
        str.lower,
        "Where a test lets a process die, to see that nothing is lost; only for tests.",
        default="",
        example="",
    )
    log_level: LogLevel = setting(  # noqa: RUF009 -- declares a field
        partial(a_choice, LogLevel),
        "How much is logged: debug, info, warning or error.",
        default=LogLevel.INFO,
        example="info",
    )

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Read every setting; raises SettingsRefused with all problems at once. An empty value is none."""
        values: dict[str, Any] = {}
        problems: list[str] = []
        for one in declared():
            given = environ.get(variable(one), "").strip()
            if not given:
                instead = one.metadata["instead"]
                if one.default is MISSING or (instead and not environ.get(instead, "").strip()):
                    problems.append(f"{variable(one)} is missing: {one.metadata['about']}")
                continue
            try:
                values[one.name] = one.metadata["read"](given)
            except ValueError as wrong:
                problems.append(f"{variable(one)} {wrong}")
        if problems:
            raise SettingsRefused(tuple(problems))
        settings = cls(**values)
        if problems := list(settings.contradictions()):
            raise SettingsRefused(tuple(problems))
        return settings

    @property
    def ring(self) -> Mapping[str, bytes]:
        """The keys that wrap data keys, from wherever they were given; the first wraps."""
        return self.keys or self.keys_file or {}

    @property
    def is_development(self) -> bool:
        """Whether this is a developer's machine."""
        return self.environment is Environment.DEVELOPMENT

    @property
    def is_production(self) -> bool:
        """Whether strangers depend on this installation."""
        return self.environment is Environment.PRODUCTION

    def contradictions(self) -> tuple[str, ...]:
        """Say what does not go together, and in production what only development may have."""
        found = [
            (self.home_region not in self.regions, "HOME_REGION must be one of REGIONS."),
            (bool(self.keys) and bool(self.keys_file), "KEYS and KEYS_FILE must not both be given."),
            (
                bool(self.oidc_issuer) != bool(self.oidc_client_id),
                "OIDC_ISSUER and OIDC_CLIENT_ID must be given together.",
            ),
            (
                bool(self.failpoint) and self.environment is not Environment.TEST,
                "FAILPOINT is only for tests.",
            ),
            (
                self.guests_only_trusted and not self.trusted_documents,
                "GUESTS_ONLY_TRUSTED needs TRUSTED_DOCUMENTS.",
            ),
            *self._unsafe(),
        ]
        return tuple(sentence for is_wrong, sentence in found if is_wrong)

    def _unsafe(self) -> list[tuple[bool, str]]:
        if not self.is_production:
            return []
        address = urlsplit(self.public_url)
        keys = (*self.ring.values(), self.link_key)
        return [
            (address.scheme != "https", "PUBLIC_URL must begin with https:// in production."),
            (
                bool(self.hooks_url) and urlsplit(self.hooks_url).scheme != "https",
                "HOOKS_URL must begin with https:// in production.",
            ),
            (any(is_guessable(key) for key in keys), "KEYS and LINK_KEY must be random in production."),
            (len(set(keys)) < len(keys), "KEYS and LINK_KEY must all differ."),
            (
                self.mail_from.endswith("@localhost"),
                "MAIL_FROM must be an address that can be answered in production.",
            ),
            (self.allow_loopback_providers, "ALLOW_LOOPBACK_PROVIDERS is only for development."),
            (self.demo, "DEMO is only for development."),
            (self.console, "CONSOLE is only for development."),
            ("*" in self.allowed_origins, "ALLOWED_ORIGINS must name each origin in production."),
        ]


def declared() -> tuple[Field[Any], ...]:
    """Give every setting in the order of its declaration."""
    return fields(Settings)


def variable(one: Field[Any]) -> str:
    """Name the environment variable of a setting."""
    return one.name.upper()


def example() -> str:
    """Write .env.example: every setting with a harmless value and its sentence."""
    parts = [f"# {one.metadata['about']}\n{variable(one)}={one.metadata['example']}\n" for one in declared()]
    return "\n".join(parts)


def is_guessable(key: bytes) -> bool:
    """Say whether a key was plainly not drawn at random: few different bytes, or only letters."""
    return len(set(key)) < _VARIETY or key.isalnum()


_VARIETY = 16
