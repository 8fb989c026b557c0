"""The schema keeps its conventions: every name, description, list and right of it."""

import re
import subprocess
from collections.abc import Iterator

import pytest
from graphql import (
    FragmentDefinitionNode,
    OperationDefinitionNode,
    build_schema,
    find_breaking_changes,
    parse,
)

from app.command.printed import SCHEMA_FILE, printed
from app.http.outside import waits_outside
from domain.audit import Act
from resolvers.nodes import loadable
from resolvers.root import schema
from schema.audit import AuditActType, object_type
from tests.graph import Field, Kind, graph
from tests.house.test_house import ROOT
from tests.rights import ACCESS, GUEST

SCHEMA = graph()
MUTATIONS = {field.name: field for field in SCHEMA.types["Mutation"].fields}
OBJECTS = SCHEMA.of("type")
INPUTS = SCHEMA.of("input")
LISTS = {
    name: type_
    for name, type_ in OBJECTS.items()
    if name.endswith("Connection") and name != "CalendarConnection"  # an account, not a list
}
SHARED_PAYLOADS = {
    "bookingReschedule": "InviteeBookingPayload",
    "bookingCancel": "InviteeBookingPayload",
    "bookingCreateByHost": "BookingPayload",
    "bookingRescheduleByHost": "BookingPayload",
    "bookingCancelByHost": "BookingPayload",
    "bookingMeetingRetry": "BookingPayload",
    "bookingReassign": "BookingPayload",
    "bookingApprove": "BookingPayload",
    "bookingDecline": "BookingPayload",
}
NAME = re.compile(r"\w+\.\w+|\b(?!The\b)[A-Z]\w{2,}")
VERBS = (
    "Start|Finish|Out|Create|Update|Delete|Revoke|RevokeOthers|Connect|Reconnect|Disconnect|Release"
    "|Reschedule|Cancel|RescheduleByHost|CancelByHost|Retry|Unlink|Invite|Resend|Accept|Change|Remove|Add"
    "|Transfer|Switch|Send|Approve|Decline|Set|Reassign|Join|Leave|Take|End|CreateByHost|Open|Close|Reopen|Remind"
    "|Cast|Erase|Renew|InviteByLink|RemindByLink|CloseByLink|ReopenByLink"
)
OFFERED = {"MemberInviteInput.role", "MemberRoleChangeInput.role"}


def titled(name: str) -> str:
    return f"{name[0].upper()}{name[1:]}"


def those_that_implement(interface: str) -> set[str]:
    return {name for name, type_ in OBJECTS.items() if interface in type_.interfaces}


def described() -> Iterator[tuple[str, str]]:
    """Give everything that has to have a description, with it."""
    for name, type_ in SCHEMA.types.items():
        yield name, type_.description
        for field in type_.fields:
            yield f"{name}.{field.name}", field.description
            yield from ((f"{name}.{field.name}({one.name})", one.description) for one in field.arguments)


def fields_of(types: dict[str, Kind]) -> dict[str, Field]:
    return {f"{name}.{field.name}": field for name, type_ in types.items() for field in type_.fields}


def test_the_file_is_what_the_code_prints() -> None:
    assert SCHEMA_FILE.read_text() == printed()


def test_everything_is_described_in_a_sentence_without_the() -> None:
    wrong = [
        name
        for name, text in described()
        if not text.endswith(".") or text.startswith("The ") or text != text.strip()
    ]

    assert wrong == []


def test_every_scalar_says_by_what_it_is_specified() -> None:
    scalars = SCHEMA.of("scalar")

    assert set(scalars) == {"EmailAddress", "Instant", "LocalDate", "LocalTime", "TimeZone"}
    assert [name for name, it in scalars.items() if '@specifiedBy(url: "https://' not in str(it)] == []


def test_a_mutation_is_named_by_thing_and_verb() -> None:
    assert [name for name in MUTATIONS if not re.fullmatch(rf"[a-z][A-Za-z]+?({VERBS})", name)] == []


def test_a_mutation_takes_one_input_of_its_own_or_nothing() -> None:
    taken = {name: {one.name: one.type for one in field.arguments} for name, field in MUTATIONS.items()}

    assert [
        name for name, given in taken.items() if given not in ({}, {"input": f"{titled(name)}Input!"})
    ] == []


def test_a_mutation_is_answered_by_a_union_of_its_name() -> None:
    assert {name: field.type for name, field in MUTATIONS.items()} == {
        name: f"{titled(name)}Result!" for name in MUTATIONS
    }


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_result_is_one_payload_or_an_error(mutation: str) -> None:
    payload, *errors = SCHEMA.types[MUTATIONS[mutation].named].members

    assert payload == SHARED_PAYLOADS.get(mutation, f"{titled(mutation)}Payload")
    assert set(errors) <= those_that_implement("Error")


def test_errors_are_named_so_and_no_error_is_answered_by_nobody() -> None:
    answered = {member for union in SCHEMA.of("union").values() for member in union.members}

    assert those_that_implement("Error") == {name for name in OBJECTS if name.endswith("Error")}
    assert those_that_implement("Error") <= answered


def test_every_connection_is_one_and_its_size_is_counted_in_the_cost() -> None:
    """Case 85: what the door multiplies by stands in the schema."""
    asked = {name: field for name, field in fields_of(OBJECTS).items() if field.named in LISTS}

    assert {field.named for field in asked.values()} == set(LISTS)
    assert {tuple(field.name for field in type_.fields) for type_ in LISTS.values()} == {
        ("edges", "nodes", "pageInfo")
    }
    assert {tuple(one.name for one in field.arguments)[-4:] for field in asked.values()} == {
        ("first", "after", "last", "before")
    }
    assert {name for name, field in asked.items() if "@listSize" not in str(field.directives)} == set()


def test_a_list_is_there_and_has_no_gaps_but_where_it_answers_ids() -> None:
    """`nodes` alone keeps the place of what is not to be had."""
    lists = {name: it.type for name, it in fields_of({**OBJECTS, **INPUTS}).items() if "[" in it.type}
    gaps = [name for name, type_ in lists.items() if "!]" not in type_]
    absent = [name for name, type_ in lists.items() if not type_.endswith("!")]

    assert gaps == ["Query.nodes"]
    assert [name for name in absent if name.split(".")[0] in OBJECTS] == []


def test_nothing_is_null_by_default() -> None:
    assert re.findall(r"^.*= null.*$", printed(), re.MULTILINE) == []


def test_what_has_an_id_can_be_asked_for_by_it() -> None:
    """Case 17: a new type with an id does not come without a gate."""
    with_id = {name.split(".")[0] for name in fields_of(OBJECTS) if name.endswith(".id")}

    assert with_id == those_that_implement("Node") == loadable()


def test_no_guest_gives_an_id() -> None:
    """R5 of the security file, case 20: guests name things by links and secrets, but for relay."""
    given = {
        (name, ".".join(path))
        for name, who in ACCESS.items()
        for path, leaf in SCHEMA.leaves(SCHEMA.roots[name].arguments)
        if GUEST in who and leaf.named == "ID"
    }

    assert given == {("node", "id"), ("nodes", "ids")}


def test_nobody_says_who_they_are_or_what_things_are_worth() -> None:
    """Case 1, R12 of the security file: subject, tenant, role, state and price are the server's.

    What somebody else is to be in an organization is said by who stands above them (`domain.policy`).
    """
    servers_own = re.compile(r"\.((user|owner|organization|host|tenant)Ids?|role|state|price|plan|region)$")

    assert {name for name in fields_of(INPUTS) if servers_own.search(name)} == OFFERED


def test_what_guests_make_takes_a_key_for_its_repeats() -> None:
    # A second question to an issuer is another one, and both end by themselves: nothing is made twice.
    made = [
        name
        for name, who in ACCESS.items()
        if GUEST in who and name.endswith(("Create", "Start")) and name != "signInWithStart"
    ]
    keyed = [
        name
        for name in made
        if ("input", "idempotencyKey") in dict(SCHEMA.leaves(SCHEMA.roots[name].arguments))
    ]

    assert keyed == made
    assert made == ["signInStart", "holdCreate", "bookingCreate", "bookingSeriesCreate", "submissionCreate"]


def test_every_root_field_says_who_may_call_it() -> None:
    """R7 of the security file: a new field without a row in tests/rights.py is refused here."""
    assert set(ACCESS) == set(SCHEMA.roots)


def test_what_breaks_clients_is_announced() -> None:
    """Against what was committed last: each broken field or type stands in CHANGELOG-schema.md."""
    committed = subprocess.run(
        ["git", "show", "HEAD:schema/schema.graphql"],  # noqa: S607 -- whichever made the checkout
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    announced = (ROOT / "CHANGELOG-schema.md").read_text()
    broken = find_breaking_changes(build_schema(committed or printed()), build_schema(printed()))
    silent = [
        change.description
        for change in broken
        if not any(name in announced for name in NAME.findall(change.description)[:1])
    ]

    assert silent == []


@pytest.mark.parametrize("name", sorted(MUTATIONS))
def test_mutations_that_redeem_or_try_a_calendar_have_the_time_that_takes(name: str) -> None:
    """A code is good once: to give up an answer that waits for a provider would lose it.

    An issuer may have to be asked for its addresses before anybody can be sent there.
    """
    waits = {"calendarConnect", "calendarReconnect", "signInWithStart", "identityLinkStart"} | {
        other for other in MUTATIONS if re.search(r"(Consent|With|Link)Finish$", other)
    }
    found = waits_outside(schema._schema, *_asked(name))  # pyright: ignore[reportPrivateUsage] -- as the door does
    assert found.outside({}) is (name in waits)


@pytest.mark.parametrize(
    ("selections", "is_longer"),
    [
        ("outside: calendarConnect @skip(if: true) { __typename } signOut { __typename }", False),
        ("calendarConnect @include(if: $no) { __typename }", False),
        ("calendarConnect @include(if: $yes) { __typename }", True),
        ("calendarConnect @skip(if: $no) @include(if: $yes) { __typename }", True),
        ("calendarConnect @skip(if: $no) @include(if: $no) { __typename }", False),
        (
            "... on Mutation @skip(if: $yes) { ... @include(if: $yes) { calendarConnect { __typename } } }",
            False,
        ),
        ("...Both @include(if: $no)", False),
        ("...Both @include(if: $no) ...Both @include(if: $yes)", True),
        ("...Both @skip(if: $no)", True),
        ("...Skipped", False),
        ("signOut { __typename } ...Skipped ...Both @skip(if: $yes)", False),
    ],
)
def test_field_that_is_left_out_lengthens_nothing(selections: str, is_longer: bool) -> None:
    """Also in fragments, and where one is spread twice."""
    [operation, *fragments] = parse(
        f"mutation ($yes: Boolean!, $no: Boolean = false) {{ {selections} }}"
        " fragment Both on Mutation { signOut { __typename } calendarConnect { __typename } }"
        " fragment Skipped on Mutation { ...Both @include(if: $no) }"
    ).definitions
    assert isinstance(operation, OperationDefinitionNode)
    named = {node.name.value: node for node in fragments if isinstance(node, FragmentDefinitionNode)}

    found = waits_outside(schema._schema, operation, named)  # pyright: ignore[reportPrivateUsage] -- as above

    assert found.outside({"yes": True, "no": False}) is is_longer


def _asked(name: str) -> tuple[OperationDefinitionNode, dict[str, FragmentDefinitionNode]]:
    [operation] = parse(f"mutation {{ {name} {{ __typename }} }}").definitions
    assert isinstance(operation, OperationDefinitionNode)
    return operation, {}


def test_every_act_of_the_audit_log_has_its_name_and_says_what_it_was_about() -> None:
    assert [act.name for act in Act if act.name not in AuditActType.__members__] == []
    assert {object_type(act) for act in Act} <= set(those_that_implement("Node"))
