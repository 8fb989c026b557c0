"""The one job: act on a claimed effect."""

from typing import Any
from uuid import UUID

from domain.ids import EffectId, OrganizationId
from services.all import Services


async def run_effect(ctx: dict[Any, Any], organization_id: str, effect_id: str, attempts: int) -> str:
    """Act on an effect if it is still claimed as it was when this job was queued; say how it went."""
    services: Services = ctx["services"]
    claimed = await services.effects.claimed(
        OrganizationId(UUID(organization_id)), EffectId(UUID(effect_id)), attempts
    )
    if claimed is None:
        return "gone"
    return await services.effects.run(claimed)
