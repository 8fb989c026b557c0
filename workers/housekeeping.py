"""What the clock does, besides what is due: past bookings, old keys."""

from typing import Any

from services.all import Services


async def finish_past(ctx: dict[Any, Any]) -> int:
    """Mark bookings whose end has passed as done."""
    services: Services = ctx["services"]
    return await services.bookings.keeping.finish_past()


async def forget(ctx: dict[Any, Any]) -> None:
    """Forget idempotency keys after their day, and sessions and codes that have ended."""
    services: Services = ctx["services"]
    await services.bookings.keeping.forget_keys()
    await services.users.forget_ended()
    await services.grants.forget_ended()
