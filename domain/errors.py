"""RuleBroken, the root of every expected error, and the few that every room shares.

An expected error carries a stable `code`, an English sentence whose `{names}` are filled from its
fields, and the path of the input field it speaks of. The sentence is the message id for translation,
so it stands once, here, and the door renders it in the reader's language (D22).
"""

from typing import ClassVar


class RuleBroken(Exception):
    """Root of every error that a caller can act on.

    `path` names the input field at fault, outermost first, in the API's spelling; empty where no
    single field is.
    """

    code: ClassVar[str] = "RULE_BROKEN"
    sentence: ClassVar[str] = "That is not possible."

    def __init__(self, *path: str, **values: object) -> None:
        self.path = path
        self.values = values
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """Sentence in English, filled in."""
        return self.sentence.format_map({key: str(value) for key, value in self.values.items()})


class InvalidInput(RuleBroken):
    """A value that cannot be used; `reason` is one English sentence without personal data."""

    code = "INVALID_INPUT"
    sentence = "{reason}"

    def __init__(self, reason: str, *path: str) -> None:
        super().__init__(*path, reason=reason)


class NotFound(RuleBroken):
    """A thing that does not exist, or that this viewer may not see: the answer is the same."""

    code = "NOT_FOUND"
    sentence = "There is no such thing, or you may not see it."


class NotAllowed(RuleBroken):
    """An action on a visible thing that this viewer may not take."""

    code = "NOT_ALLOWED"
    sentence = "You may not do this."


class Conflict(RuleBroken):
    """The thing has changed meanwhile, or the same name or key is used for something else."""

    code = "CONFLICT"
    sentence = "This has changed meanwhile. Read it again and repeat."


class TryAgain(RuleBroken):
    """Something we depend on did not answer; nothing was written and a repeat may succeed."""

    code = "TRY_AGAIN"
    sentence = "We could not check this right now. Nothing was changed. Please try again."


class TooMany(RuleBroken):
    """A budget is used up; `retry_after_s` says when a repeat can succeed."""

    code = "RATE_LIMITED"
    sentence = "Too many attempts. Please wait {retry_after_s} seconds."

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(retry_after_s=retry_after_s)
        self.retry_after_s = retry_after_s
