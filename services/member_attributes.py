"""Use cases of members' attributes: administrators set them, members see each other's."""

from collections.abc import Sequence

from domain.audit import Act
from domain.errors import NotFound
from domain.ids import UserId
from domain.member_attributes import MemberAttribute, checked_attributes
from domain.policy import Action, Tenant
from domain.users import Viewer
from services.access import asker_for, deed, present, require
from storage.unit import Units


class MemberAttributes:
    """What can be done with attributes. Nobody outside the organization is shown any."""

    def __init__(self, units: Units) -> None:
        self._units = units

    async def of_member(self, viewer: Viewer, user_id: UserId) -> tuple[MemberAttribute, ...]:
        """List the attributes of a member of the viewer's organization, by name; NotFound for all others."""
        asker = asker_for(viewer, Action.ORGANIZATION_SEE)
        async with self._units.read() as unit:
            member = await unit.users.by_id(asker.organization_id, user_id)
            if member is None or member.left_at is not None:
                raise NotFound("id")
            return tuple(await unit.attributes.of_member(asker.organization_id, user_id))

    async def set(
        self, viewer: Viewer, user_id: UserId, wanted: Sequence[MemberAttribute]
    ) -> tuple[MemberAttribute, ...]:
        """Give a member these attributes in place of all that they had.

        Raises InvalidInput that names the field, NotFound, NotAllowed.
        """
        asker = asker_for(viewer, Action.MEMBER_ATTRIBUTES_SET)
        attributes = checked_attributes(wanted)
        async with self._units.begin() as unit:
            member = await unit.users.lock(asker.organization_id, user_id)
            if member is None or member.left_at is not None:
                raise NotFound("id")
            actor = await present(unit, asker)
            require(actor, Action.MEMBER_ATTRIBUTES_SET, Tenant(asker.organization_id))
            await unit.attributes.replace(asker.organization_id, user_id, attributes)
            unit.note(deed(asker, Act.MEMBER_ATTRIBUTES_SET, user_id))
        return attributes
