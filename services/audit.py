"""Use cases of the audit log: those who manage an organization read it, and the operator verifies it."""

from collections.abc import AsyncGenerator

from domain.audit import AuditEntry, Head, Verdict, beginning, verified
from domain.ids import OrganizationId
from domain.paging import Paging, Part
from domain.policy import Action, Tenant
from domain.users import Viewer
from services.access import asker_for, require
from storage.unit import Units

_BATCH = 1_000


class Audit:
    """The audit logs of all organizations."""

    def __init__(self, units: Units) -> None:
        self._units = units

    async def listed(
        self, viewer: Viewer, organization_id: OrganizationId, paging: Paging
    ) -> Part[AuditEntry]:
        """List an organization's log, newest first; NotAllowed for who is only a member."""
        asker = asker_for(viewer, Action.AUDIT_SEE)
        require(asker.user, Action.AUDIT_SEE, Tenant(organization_id))
        async with self._units.read() as unit:
            return await unit.audit.of_organization(organization_id, paging)

    async def verify(self, organization_id: OrganizationId) -> Verdict:
        """Compare an organization's whole log with its hashes and its head, on one state of the database."""
        reached: Head = beginning(organization_id)
        async with self._units.read() as unit:
            head = await unit.audit.head(organization_id)
            while True:
                entries = await unit.audit.after(organization_id, reached.number, _BATCH)
                so_far = Head(entries[-1].number, entries[-1].hash) if entries else head
                verdict = verified(organization_id, entries, so_far, reached)
                if verdict.broken_at is not None or not entries:
                    return Verdict(head, verdict.broken_at)
                reached = so_far

    async def verify_all(self) -> AsyncGenerator[tuple[OrganizationId, Verdict], None]:
        """Verify the log of every organization, oldest first."""
        async with self._units.read() as unit:
            ids = await unit.organizations.ids()
        for organization_id in ids:
            yield organization_id, await self.verify(organization_id)
