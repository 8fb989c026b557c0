"""What follows whenever a ballot is counted."""

from domain.poll_closing import agreed
from domain.poll_reactions import on_agreed
from domain.polls import Poll
from storage.unit import Unit


async def close_on_consensus(unit: Unit, poll: Poll) -> None:
    """Have a poll closed that closes by itself, where all agree now who are required."""
    if poll.settings.closes_on_consensus:
        required = await unit.polls.voters(poll, required=True)
        if agreed(poll, required, unit.now):
            unit.follow(on_agreed(poll, unit.now))
