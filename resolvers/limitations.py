"""What is not supported, over GraphQL."""

import strawberry

from domain.limitations import LIMITATIONS
from resolvers.context import Info
from schema.limitations import LimitationType


@strawberry.type
class LimitationsQuery:
    """The question what not to look for."""

    @strawberry.field(description="Functions that are not supported, the same for everybody; few.")
    def limits(self, info: Info) -> list[LimitationType]:
        """List them."""
        return [LimitationType(code=one.code, sentence=info.context.say(one())) for one in LIMITATIONS]
