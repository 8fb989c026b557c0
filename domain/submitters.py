"""Who has submitted a form, as far as what they answered says it: by a mail address in it."""

import re
from collections.abc import Callable

from domain.addresses import canonical, email_address
from domain.routing import folded
from domain.routing_forms import Submission


def submitted_by(address: str) -> Callable[[Submission], bool]:
    """Give what says of a submission whether a mail address stands in its answers; InvalidInput at email.

    It may stand there alone or in a sentence, with the domain in either spelling. Another address that only
    begins or ends alike is somebody else's, and so is one with a + and more.
    """
    local, _, domain = canonical(email_address(address, "email")).rpartition("@")
    spellings = {domain, folded(domain.encode().decode("idna"))}
    spelled = "|".join(re.escape(f"{local}@{one}") for one in sorted(spellings))
    pattern = re.compile(rf"(?<![a-z0-9.+_-])(?<![a-z0-9]')(?:{spelled})(?![a-z0-9-]|\.[a-z0-9])")

    def is_theirs(submission: Submission) -> bool:
        return any(
            pattern.search(folded(value)) is not None
            for answer in submission.answers or ()
            for value in answer.values
        )

    return is_theirs
