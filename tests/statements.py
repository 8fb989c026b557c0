"""What is asked of the database, by SQLAlchemy or by the driver beneath it."""

from sqlalchemy.ext.asyncio import AsyncEngine

from bench.plans import Sent


async def listen(engine: AsyncEngine) -> Sent:
    """Note every statement from now on; connections are opened anew, since only new ones are listened to."""
    await engine.dispose()
    return Sent(engine)
