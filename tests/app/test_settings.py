"""Settings: read once, refused early, by name and never by value."""

import base64
import hashlib
import json
import re
from ipaddress import ip_network
from pathlib import Path

import pytest

from app.settings import Settings, SettingsRefused, declared, example, variable
from app.settings_kinds import Environment

SEAL = base64.b64encode(bytes(range(7, 71, 2))).decode()
LINK = base64.b64encode(bytes(range(8, 72, 2))).decode()
LEAST = {
    "DATABASE_URL": "postgresql://someone:hush@db.example.com/slotgraph",
    "REDIS_URL": "redis://:hush@redis.example.com/0",
    "SMTP_URL": "smtps://someone:hush@mail.example.com",
    "KEYS": f"k1:{SEAL}",
    "LINK_KEY": LINK,
}
PRODUCTION = {
    **LEAST,
    "PUBLIC_URL": "https://book.example.com/",
    "MAIL_FROM": "no-reply@example.com",
}


def problems(**changed: str) -> tuple[str, ...]:
    with pytest.raises(SettingsRefused) as refused:
        Settings.read(PRODUCTION | changed)
    return refused.value.problems


def test_what_is_not_said_has_a_safe_default() -> None:
    settings = Settings.read(PRODUCTION)

    assert settings.environment is Environment.PRODUCTION
    assert (settings.console, settings.introspection, settings.demo) == (False, False, False)
    assert settings.allow_loopback_providers is False
    assert settings.trusted_proxies == ()
    assert settings.allowed_origins == frozenset()


def test_values_arrive_in_our_words() -> None:
    settings = Settings.read(
        PRODUCTION
        | {
            "TRUSTED_PROXIES": "10.0.0.0/8, ::1/128",
            "ALLOWED_ORIGINS": "https://A.example.com/, http://b.example.com:81",
            "PROVIDER_DEADLINE_S": "1.5",
            "REGIONS": "eu-1,us-2",
            "HOME_REGION": "us-2",
            "INTROSPECTION": "Yes",
            "CONTACT": "https://example.com/ask",
        }
    )

    assert settings.database_url == "postgresql+asyncpg://someone:hush@db.example.com/slotgraph"
    assert settings.public_url == "https://book.example.com"
    assert settings.trusted_proxies == (ip_network("10.0.0.0/8"), ip_network("::1/128"))
    assert settings.allowed_origins == {"https://a.example.com", "http://b.example.com:81"}
    assert settings.provider_deadline_s == 1.5
    assert settings.regions == {"eu-1", "us-2"}
    assert settings.introspection is True
    assert settings.contact == "https://example.com/ask"
    assert Settings.read(PRODUCTION | {"CONTACT": "ask@example.com"}).contact == "ask@example.com"


def test_the_first_key_of_the_ring_stays_first() -> None:
    settings = Settings.read(PRODUCTION | {"KEYS": f"new:{LINK},old:{SEAL}", "LINK_KEY": link_key()})

    assert list(settings.ring) == ["new", "old"]


def link_key() -> str:
    return base64.b64encode(bytes(range(9, 73, 2))).decode()


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(SettingsRefused) as refused:
        Settings.read({"HOLD_MINUTES": "soon", "LOG_LEVEL": "loud"})

    assert [problem.split()[0] for problem in refused.value.problems] == [
        "DATABASE_URL", "REDIS_URL", "SMTP_URL", "KEYS", "LINK_KEY", "HOLD_MINUTES", "LOG_LEVEL",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ENVIRONMENT", "staging"),
        ("PUBLIC_URL", "ftp://book.example.com"),
        ("PUBLIC_URL", "https://book.example.com/?a=b"),
        ("PUBLIC_URL", "https://me:hush@book.example.com"),
        ("DATABASE_URL", "mysql://db.example.com/slotgraph"),
        ("DATABASE_URL", "postgresql://db.example.com"),
        ("REDIS_URL", "http://redis.example.com"),
        ("SMTP_URL", "mail.example.com"),
        ("SMTP_URL", "smtp://mail.example.com:port"),
        ("MAIL_FROM", "Slotgraph <no-reply@example.com>"),
        ("MAIL_FROM", "no-reply@example.com\nBcc: all@example.com"),
        ("KEYS", SEAL),
        ("KEYS", f"k1:{SEAL},k1:{LINK}"),
        ("KEYS", f"k1:{SEAL[:-8]}"),
        ("LINK_KEY", "hush"),
        ("ALLOWED_ORIGINS", "https://book.example.com/path"),
        ("TRUSTED_PROXIES", "10.0.0.1/8"),
        ("FREEBUSY_TTL_S", "31"),
        ("FREEBUSY_TTL_S", "-7"),
        ("PROVIDER_DEADLINE_S", "nan"),
        ("HOLD_MINUTES", "1.5"),
        ("INTROSPECTION", "maybe"),
        ("REGIONS", "EU one"),
        ("CONTACT", "http://example.com/ask"),
        ("CONTACT", "call us"),
    ],
)
def test_a_wrong_value_is_refused_by_name_and_not_repeated(name: str, value: str) -> None:
    (problem,) = problems(**{name: value})

    assert problem.startswith(f"{name} must be ")
    assert value not in problem


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"PUBLIC_URL": "http://book.example.com"}, "PUBLIC_URL must begin with https:// in production."),
        (
            {"LINK_KEY": base64.b64encode(bytes(32)).decode()},
            "KEYS and LINK_KEY must be random in production.",
        ),
        (
            {"KEYS": f"k1:{base64.b64encode(b'changemechangemechangemechangeme').decode()}"},
            "KEYS and LINK_KEY must be random in production.",
        ),
        ({"LINK_KEY": SEAL}, "KEYS and LINK_KEY must all differ."),
        (
            {"MAIL_FROM": "slotgraph@localhost"},
            "MAIL_FROM must be an address that can be answered in production.",
        ),
        ({"ALLOW_LOOPBACK_PROVIDERS": "yes"}, "ALLOW_LOOPBACK_PROVIDERS is only for development."),
        ({"DEMO": "yes"}, "DEMO is only for development."),
        ({"GUESTS_ONLY_TRUSTED": "yes"}, "GUESTS_ONLY_TRUSTED needs TRUSTED_DOCUMENTS."),
        ({"CONSOLE": "yes"}, "CONSOLE is only for development."),
        ({"ALLOWED_ORIGINS": "*"}, "ALLOWED_ORIGINS must name each origin in production."),
        ({"HOME_REGION": "mars"}, "HOME_REGION must be one of REGIONS."),
    ],
)
def test_production_refuses_what_only_development_may_have(changed: dict[str, str], problem: str) -> None:
    """M10 and the switches of production: nothing unsafe starts."""
    assert problems(**changed) == (problem,)


def test_development_may_have_it() -> None:
    settings = Settings.read(
        LEAST | {"ENVIRONMENT": "development", "DEMO": "yes", "CONSOLE": "yes", "ALLOWED_ORIGINS": "*"}
    )

    assert settings.is_development
    assert settings.demo


def test_settings_do_not_show_their_secrets() -> None:
    """R24: what is logged by mistake tells nothing."""
    shown = repr(Settings.read(PRODUCTION))

    assert "hush" not in shown
    assert SEAL not in shown
    assert repr(base64.b64decode(LINK)) not in shown
    assert "https://book.example.com" in shown


def test_the_example_file_is_written_from_the_settings() -> None:
    file = Path(__file__).parents[2] / ".env.example"

    assert file.read_text() == example()


def test_the_example_cannot_be_taken_to_production() -> None:
    given = dict(re.findall(r"^([A-Z0-9_]+)=(.*)$", example(), re.MULTILINE))

    assert Settings.read(given).is_development
    with pytest.raises(SettingsRefused) as refused:
        Settings.read(given | {"ENVIRONMENT": "production"})
    assert "KEYS and LINK_KEY must be random in production." in refused.value.problems


def test_every_setting_has_a_sentence() -> None:
    silent = [variable(one) for one in declared() if not one.metadata["about"].endswith(".")]

    assert silent == []


def test_trusted_documents_are_read_from_their_file(tmp_path: Path) -> None:
    """Case 92."""
    text = "{ viewer { user { id } } }"
    file = tmp_path / "documents.json"
    file.write_text(json.dumps({f"sha256:{hashlib.sha256(text.encode()).hexdigest()}": text}))

    assert Settings.read({**PRODUCTION, "TRUSTED_DOCUMENTS": str(file)}).trusted_documents == (text,)


@pytest.mark.parametrize("content", ["{", "[]", '{"sha256:00": "{ viewer }"}', '{"00": 5}'])
def test_a_file_of_documents_whose_ids_are_not_their_own_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "documents.json"
    file.write_text(content)

    with pytest.raises(SettingsRefused, match="TRUSTED_DOCUMENTS must name a"):
        Settings.read({**PRODUCTION, "TRUSTED_DOCUMENTS": str(file)})


def key_file(folder: Path, content: str, mode: int = 0o600) -> str:
    """Write a file of keys."""
    file = folder / "keys"
    file.write_text(content)
    file.chmod(mode)
    return str(file)


def test_keys_are_read_from_a_file_in_their_order(tmp_path: Path) -> None:
    """R17: the keys need not stand in the environment."""
    file = key_file(tmp_path, f"# of this spring\nnew:{link_key()}\n\nold:{SEAL}  # until May\n")

    settings = Settings.read({**PRODUCTION, "KEYS": "", "KEYS_FILE": file})

    assert list(settings.ring) == ["new", "old"]
    assert settings.ring["old"] == base64.b64decode(SEAL)
    assert SEAL not in repr(settings)
    assert repr(base64.b64decode(SEAL)) not in repr(settings)


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o620, 0o666])
def test_a_file_of_keys_that_others_can_open_is_refused(tmp_path: Path, mode: int) -> None:
    file = key_file(tmp_path, f"k1:{SEAL}", mode)

    (problem,) = problems(KEYS="", KEYS_FILE=file)

    assert problem == "KEYS_FILE must name a file that others can neither read nor write: chmod 600."


@pytest.mark.parametrize("content", ["", "# none\n", SEAL, f"k1:{SEAL}\nk1:{LINK}"])
def test_a_file_without_keys_is_refused(tmp_path: Path, content: str) -> None:
    (problem,) = problems(KEYS="", KEYS_FILE=key_file(tmp_path, content))

    assert problem.startswith("KEYS_FILE must ")
    assert SEAL not in problem


def test_a_file_of_keys_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert problems(KEYS="", KEYS_FILE=str(tmp_path / "none")) == (
        "KEYS_FILE must name a file that can be read.",
    )


def test_keys_come_from_one_place(tmp_path: Path) -> None:
    file = key_file(tmp_path, f"k2:{link_key()}")

    assert problems(KEYS_FILE=file) == ("KEYS and KEYS_FILE must not both be given.",)


def test_guessable_keys_of_a_file_are_refused_in_production(tmp_path: Path) -> None:
    file = key_file(tmp_path, f"k1:{base64.b64encode(bytes(32)).decode()}")

    assert problems(KEYS="", KEYS_FILE=file) == ("KEYS and LINK_KEY must be random in production.",)
