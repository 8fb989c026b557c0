"""What binds a question to a provider and its answer together (RFC 7636): made, never stored."""

import base64

from integrations.ports import Secret
from storage.vault import Vault


def verifier_of(vault: Vault, state: str) -> Secret:
    """Make the verifier of a question: from its state and our own key, so that it need not be kept."""
    made = (vault.token_bytes("verifier", half, state) for half in ("1", "2"))
    return Secret(url64(b"".join(made)))


def url64(random: bytes) -> str:
    """Spell bytes in base64url without padding."""
    return base64.urlsafe_b64encode(random).rstrip(b"=").decode()
