"""What can be wrong when a person connects a calendar."""

from datetime import timedelta

from domain.errors import RuleBroken

MAX_CONNECTIONS = 20
MAX_LABEL = 100
MAX_URL = 2048
MAX_USERNAME = 320
MAX_PASSWORD = 1024


class ProviderUnsupported(RuleBroken):
    """A provider that this installation does not speak with (R031)."""

    code = "PROVIDER_UNSUPPORTED"
    sentence = "This calendar provider is not supported."


class ProviderRefused(RuleBroken):
    """A calendar server that could not be used: the answer is the same whatever was wrong.

    Who could tell a closed port from a wrong password could look around in the network behind us.
    """

    code = "PROVIDER_REFUSED"
    sentence = (
        "The calendar server could not be used with these details. Check address, user name and password."
    )


CONSENT_LIFE = timedelta(minutes=10)


class ConsentUnknown(RuleBroken):
    """A consent that was not begun here, by this user and in this session, or is too old, or was used."""

    code = "CONSENT_UNKNOWN"
    sentence = "This connection was not begun here, or too long ago. Please begin again."


class ConsentDenied(RuleBroken):
    """Less was allowed at the provider than a calendar needs to be of any use."""

    code = "CONSENT_DENIED"
    sentence = "The calendar cannot be used without the permissions that were not given. Please begin again."


class AnotherAccount(RuleBroken):
    """A connection is to be opened again, and consent was given with another account (R101)."""

    code = "ANOTHER_ACCOUNT"
    sentence = "This is another account than the one that was connected. Connect it as a new one."
