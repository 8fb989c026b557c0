"""What the clock does, besides what is due: past bookings, old keys, watches, looks that are overdue."""

from typing import Any

from services.all import Services


async def finish_past(ctx: dict[Any, Any]) -> int:
    """Mark bookings whose end has passed as done."""
    services: Services = ctx["services"]
    return await services.bookings.keeping.finish_past()


async def end_waits(ctx: dict[Any, Any]) -> int:
    """End the waiting for slots that are too soon to be offered; say for how many."""
    services: Services = ctx["services"]
    return await services.bookings.keeping.end_waits()


async def keep_watches(ctx: dict[Any, Any]) -> int:
    """Let watches be opened and renewed; say of how many connections."""
    services: Services = ctx["services"]
    return await services.watching.keep()


async def look_again(ctx: dict[Any, Any]) -> int:
    """Let calendars be looked at whose entries nobody has read for hours; say how many."""
    services: Services = ctx["services"]
    return await services.looking.plan_overdue()


async def forget(ctx: dict[Any, Any]) -> None:
    """Forget idempotency keys after their day, and sessions, codes and links that have ended."""
    services: Services = ctx["services"]
    await services.bookings.keeping.forget_keys()
    await services.bookings.keeping.forget_waits()
    await services.users.forget_ended()
    await services.grants.forget_ended()
    await services.page_links.forget_ended()
    await services.polls.organizing.forget()
    await services.submissions.forget()
