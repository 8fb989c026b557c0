"""Who plays: the hosts, as everything else of the demo names them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Host:
    """Somebody of the studio; opening and closing are minutes of their weekdays, in their zone."""

    handle: str
    name: str
    zone: str
    locale: str
    opens: int
    closes: int


HOSTS = (
    Host("ada", "Ada Lindqvist", "Europe/Berlin", "en", 9 * 60, 17 * 60),
    Host("kenji", "森 健司", "Asia/Tokyo", "ja", 10 * 60, 18 * 60),
    Host("maya", "Maya Okafor", "America/New_York", "en", 9 * 60, 16 * 60),
)


def people() -> list[dict[str, str]]:
    """Say who the demo's hosts are, as the demo's providers want to know them."""
    return [{"email": email(host), "name": host.name} for host in HOSTS]


def email(host: Host) -> str:
    """Give a host's address."""
    return f"{host.handle}@larkspur.example"
