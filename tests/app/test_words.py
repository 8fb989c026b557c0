"""Words: every sentence has its translation; dates and times are those of the reader."""

import ast
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

from app.words import read_words
from domain.errors import InvalidInput, TooMany

ROOT = Path(__file__).parent.parent.parent
ROOMS = ("domain", "services", "storage", "schema", "resolvers", "integrations")
SAYING = {"say": 0, "InvalidInput": 0, "translate": 1}
SUMMER = datetime(2027, 7, 5, 22, 45, tzinfo=UTC)
WORDS = read_words()


def said(call: ast.Call) -> Iterator[str]:
    name = getattr(call.func, "id", getattr(call.func, "attr", ""))
    place = SAYING.get(name, len(call.args))
    return texts(call.args[place : place + 1])


def declared(assignment: ast.Assign | ast.AnnAssign) -> Iterator[str]:
    targets = assignment.targets if isinstance(assignment, ast.Assign) else [assignment.target]
    names = [each.id for each in targets if isinstance(each, ast.Name)]
    return texts([assignment.value] if names == ["sentence"] else [])


def texts(expressions: Sequence[ast.expr | None]) -> Iterator[str]:
    constants = (each.value for each in expressions if isinstance(each, ast.Constant))
    return (each for each in constants if isinstance(each, str))


def sentences_of(source: str) -> set[str]:
    """Collect what a module says: sentences of errors, reasons of InvalidInput, what is said in mails."""
    tree = list(ast.walk(ast.parse(source)))
    calls = {text for node in tree if isinstance(node, ast.Call) for text in said(node)}
    assigned = {
        text for node in tree if isinstance(node, (ast.Assign, ast.AnnAssign)) for text in declared(node)
    }
    return calls | assigned


def every_sentence() -> set[str]:
    modules = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    sources = [path.read_text("utf-8") for path in (*modules, ROOT / "app/words.py")]
    return {sentence for source in sources for sentence in sentences_of(source)}


@pytest.mark.parametrize("language", [each for each in WORDS.languages if each != "en"])
def test_every_sentence_has_its_translation(language: str) -> None:
    """D22. The failure lists what is missing in locales/<language>/LC_MESSAGES/slotgraph.po."""
    missing = sorted(every_sentence() - WORDS.sentences(language))

    assert missing == [], "\n".join(missing)


@pytest.mark.parametrize("language", [each for each in WORDS.languages if each != "en"])
def test_no_translation_is_left_over(language: str) -> None:
    assert sorted(WORDS.sentences(language) - every_sentence()) == []


def test_sentences_are_found_where_they_stand() -> None:
    source = """
class Late(RuleBroken):
    sentence = "Too late."
    other = "Not said."
class Early(RuleBroken):
    sentence: ClassVar[str] = "Too early."
raise InvalidInput("Not so.", "path")
say("Hello {name},", name="x")
words.translate(locale, "Bye.")
"""

    assert sentences_of(source) == {"Too late.", "Too early.", "Not so.", "Hello {name},", "Bye."}


@pytest.mark.parametrize(
    "template", sorted((ROOT / "services/templates").iterdir()), ids=lambda path: path.name
)
def test_templates_say_nothing_of_their_own(template: Path) -> None:
    """D22: every word of a letter comes out of the catalogues; a template holds marks and styles."""
    tree = Environment(autoescape=True).parse(template.read_text("utf-8"))

    texts = " ".join(
        each.data
        for node in tree.find_all(nodes.Output)
        for each in node.nodes
        if isinstance(each, nodes.TemplateData)
    )
    assert visible(texts) == ""


def visible(markup: str) -> str:
    without_style = markup.partition("<style>")[0] + markup.rpartition("</style>")[2]
    inside_tags = [piece.split(">", 1)[-1] for piece in f">{without_style}".split("<")]
    return "".join(inside_tags).strip(' \n:">-')


def test_a_sentence_is_said_in_the_readers_language_with_its_values() -> None:
    """D22."""
    assert WORDS.translate("ja-JP", "Hello {name},", name="{x}") == "{x} 様"
    assert WORDS.translate("en-GB", "Hello {name},", name="Sam") == "Hello Sam,"
    assert WORDS.translate("de", "Hello {name},", name="Sam") == "Hello Sam,"


def test_an_error_is_said_in_the_readers_language() -> None:
    """D22: errors' messages."""
    assert WORDS.error("ja", TooMany(7)) == "試行回数が多すぎます。7 秒お待ちください。"
    assert WORDS.error("ja", InvalidInput("This is too long.", "name")) == "長すぎます。"
    assert WORDS.error("en", InvalidInput("This is too long.", "name")) == "This is too long."
    assert WORDS.error("ja", InvalidInput("Unknown {sentence}.", "name")) == "Unknown {sentence}."


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("ja", "ja"),
        ("ja-JP,ja;q=0.9,en;q=0.8", "ja"),
        ("de-DE,de;q=0.9,ja;q=0.5,en;q=0.4", "ja"),
        ("en-US,en;q=0.9,ja;q=0.8", "en"),
        ("ja;q=0", "en"),
        ("ja;q=x", "en"),
        ("*", "en"),
        ("", "en"),
        ("x" * 100_000, "en"),
    ],
)
def test_the_browsers_wish_is_heard(header: str, language: str) -> None:
    assert WORDS.negotiated(header) == language


@pytest.mark.parametrize(
    ("locale", "zone", "spelt"),
    [
        ("en", "Europe/Berlin", "Tuesday, July 6, 2027, 12:45 AM – 1:15 AM"),
        ("en-GB", "Europe/London", "Monday, 5 July 2027, 23:45 – Tuesday, 6 July 2027, 00:15"),
        ("ja", "Asia/Tokyo", "2027年7月6日火曜日 7:45 – 8:15"),
        ("ja", "Europe/London", "2027年7月5日月曜日 23:45 – 2027年7月6日火曜日 0:15"),
        ("xx", "Nowhere/Never", "Monday, July 5, 2027, 10:45 PM – 11:15 PM"),
    ],
)
def test_an_interval_is_spelt_in_zone_and_locale(locale: str, zone: str, spelt: str) -> None:
    """D22."""
    assert WORDS.interval(locale, zone, SUMMER, SUMMER + timedelta(minutes=30)) == spelt


@pytest.mark.parametrize(
    ("locale", "zone", "name"),
    [
        ("en", "Europe/Berlin", "Central European Summer Time (Europe/Berlin)"),
        ("ja", "America/New_York", "アメリカ東部夏時間 (America/New_York)"),
        ("en", "Asia/Kathmandu", "GMT+05:45 (Asia/Kathmandu)"),
        ("en", "../../etc/passwd", "Coordinated Universal Time (UTC)"),
        ("en", "Europe", "Coordinated Universal Time (UTC)"),
    ],
)
def test_a_zone_is_named_as_it_is_called_then(locale: str, zone: str, name: str) -> None:
    assert WORDS.zone_name(locale, zone, SUMMER) == name


def test_a_translation_with_other_placeholders_is_refused_at_start(tmp_path: Path) -> None:
    folder = tmp_path / "ja" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "slotgraph.po").write_text('msgid "Hello {name},"\nmsgstr "{nama} 様"\n', "utf-8")

    with pytest.raises(ValueError, match="placeholders differ"):
        read_words(tmp_path)
