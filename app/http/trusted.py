"""Documents that are known here before anybody sends them: by name, and for guests, if wished, no others.

An installation that knows its clients names their documents in a file, by the SHA-256 of each text. Whoever
sends `documentId` (persisted documents of GraphQL over HTTP) or Apollo's `persistedQuery` then needs no
text. With GUESTS_ONLY_TRUSTED nobody outside runs a document that was not written here (case 92).
"""

from collections.abc import Iterable
from hashlib import sha256

from app.http.request import Asked
from app.http.responses import Code, refuse


class TrustedDocuments:
    """The documents of an installation's own clients, found by the SHA-256 of their text in hexadecimal."""

    def __init__(self, documents: Iterable[str], *, guests_only: bool) -> None:
        self._documents = {sha256(text.encode()).hexdigest(): text for text in documents}
        self._guests_only = guests_only

    def text_of(self, asked: Asked, *, is_guest: bool) -> str:
        """Give the text that is to be run; raises Refused where there is none, or it is not for guests."""
        digest = sha256(asked.query.encode()).hexdigest() if asked.query is not None else None
        if asked.query is not None and asked.digest not in (None, digest):
            raise refuse(Code.BAD_USER_INPUT, "The id is not that of the document that was sent with it.")
        known = self._documents.get(asked.digest or digest or "")
        if known is not None:
            return known
        if is_guest and self._guests_only:
            message = "Guests may send only documents that are known here."
            raise refuse(Code.PERSISTED_QUERY_NOT_FOUND, message)
        if asked.query is None:
            raise refuse(Code.PERSISTED_QUERY_NOT_FOUND, "No document is known by this id; send `query`.")
        return asked.query
