"""What is not supported."""

import strawberry


@strawberry.type(name="Limitation", description="Function that is not supported.")
class LimitationType:
    """Twin of domain.limitations.Unsupported."""

    code: str = strawberry.field(description="Stable name for programs.")
    sentence: str = strawberry.field(description="What it means, in the reader's language.")
