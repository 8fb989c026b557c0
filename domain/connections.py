"""What can be wrong when a person connects a calendar."""

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
