"""Dress: a letter as plain text and as HTML, from our own templates; no one else's text is a template."""

import re
from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from services.mails.letters import Letter

_TEMPLATES = Path(__file__).parent.parent / "templates"
_LINKING = re.compile(r"(?<=\S)(\.|@|://)(?=\S)")


class Dress:
    """Renders letters; `service` is the name that stands above and below each of them."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._environment = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            autoescape=select_autoescape(("html",), default=False),  # plain text has nothing to escape
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters["unlinked"] = unlinked

    def text(self, letter: Letter) -> str:
        """Render the letter as plain text."""
        return self._environment.get_template("letter.txt").render(letter=letter, service=self._service)

    def html(self, letter: Letter) -> str:
        """Render the letter as HTML without anything that is loaded from elsewhere."""
        return self._environment.get_template("letter.html").render(letter=letter, service=self._service)


def unlinked(text: str) -> Markup:
    """Escape a text so that mail programs do not make links of it by themselves (case 113).

    The signs by which they know a link stand in elements of their own; a copied text is unchanged.
    """
    return Markup("").join(_pieces(text))


def _pieces(text: str) -> Iterator[Markup]:
    for piece in _LINKING.split(text):
        yield Markup("<span>%s</span>") % piece if piece in {".", "@", "://"} else escape(piece)
