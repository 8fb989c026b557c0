"""The columns of a user, and the value they make."""

from domain.ids import OrganizationId, UserId
from domain.users import Role, User
from storage.postgres import Record
from storage.users.rows import UserRow

USER_COLUMNS = (
    UserRow.id.label("user_id"),
    UserRow.organization_id,
    UserRow.email,
    UserRow.name.label("user_name"),
    UserRow.handle,
    UserRow.zone,
    UserRow.locale,
    UserRow.role,
    UserRow.shares_availability,
    UserRow.is_disabled,
    UserRow.created_at.label("user_created_at"),
    UserRow.left_at,
)

USER = """u.id AS user_id, u.organization_id, u.email, u.name AS user_name, u.handle, u.zone, u.locale,
    u.role, u.shares_availability, u.is_disabled, u.created_at AS user_created_at, u.left_at"""


def user_of(row: Record) -> User:
    """Make a user of a row that has USER_COLUMNS, or what USER says of `users AS u`."""
    return User(
        id=UserId(row["user_id"]),
        organization_id=OrganizationId(row["organization_id"]),
        email=row["email"],
        name=row["user_name"],
        handle=row["handle"],
        zone=row["zone"],
        locale=row["locale"],
        role=Role(row["role"]),
        shares_availability=row["shares_availability"],
        is_disabled=row["is_disabled"],
        created_at=row["user_created_at"],
        left_at=row["left_at"],
    )
