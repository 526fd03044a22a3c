"""Every word a reader sees is a gettext message: checked in the source, and by listening while pages are made."""

from __future__ import annotations

import ast
import gettext
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from radar import languages
from radar.store import Store
from scripts import messages
from tests.samples import sample_outages, seed
from tests.serving import site_over

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted(
    path for folder in ("pages", "components", "api") for path in (ROOT / "radar" / folder).glob("*.py")
)  # fmt: skip

#: Props of components that readers see or hear.
SPOKEN = ("children", "title", "alt", "placeholder", "aria_label", "label", "description", "heading", "kicker", "note")

#: Functions that build what a reader sees, by their last name; None: every text argument, else the first one only.
BUILDERS = {"page": None, "missing": None, "empty": None, "section": None, "mark": None, "term": None,
            "Parameter": None, "bad_parameter": None, "not_found": None, "too_expensive": None}  # fmt: skip

#: Texts that are the same in every language: addresses, AS numbers, names of formats.
SAME = re.compile(r"/[\w/.<>-]*|AS\d+|JSON|CSV|UTC|[\w.-]+", re.ASCII)


def speaks(text: str) -> bool:
    """Whether the text has a word in it."""
    return bool(re.search(r"[^\W\d_]{2,}", text))


def unmarked(source: str, *, name: str = "") -> list[str]:
    """Texts that a reader would see and that do not go through gettext, with their lines."""
    found: list[str] = []

    def look(node: ast.expr, where: str) -> None:
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            for item in node.elts:
                look(item, where)
        elif isinstance(node, ast.Starred):
            look(node.value, where)
        elif isinstance(node, ast.IfExp):
            look(node.body, where)
            look(node.orelse, where)
        elif isinstance(node, ast.BinOp):
            look(node.left, where)
            look(node.right, where)
        elif isinstance(node, ast.BoolOp):
            for item in node.values:
                look(item, where)
        elif isinstance(node, ast.ListComp | ast.GeneratorExp):
            look(node.elt, where)
        elif isinstance(node, ast.JoinedStr):
            texts = [str(part.value) for part in node.values if isinstance(part, ast.Constant)]
            found.extend(
                f"{name}:{node.lineno}: {where}: {text!r}"
                for text in texts
                if speaks(text) and not SAME.fullmatch(text)
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
            if speaks(text) and not (
                SAME.fullmatch(text) and (not text[:1].isupper() or text.isupper() or "/" in text)
            ):
                found.append(f"{name}:{node.lineno}: {where}: {text!r}")

    for call in ast.walk(ast.parse(source)):
        if not isinstance(call, ast.Call):
            continue
        function = call.func
        last = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        is_html = isinstance(function, ast.Attribute) and getattr(function.value, "id", "") == "html"
        if is_html and last in ("Code", "Script", "Style"):
            continue
        if is_html or last in BUILDERS:
            skip = last == "bad_parameter"  # its first argument is the name of a parameter
            for argument in call.args[:1] if is_html else call.args[skip:]:
                look(argument, last)
            for keyword in call.keywords:
                if keyword.arg in SPOKEN:
                    look(keyword.value, f"{last}({keyword.arg}=)")
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_texts_of_components_go_through_gettext(path: Path) -> None:
    assert unmarked(path.read_text(encoding="utf-8"), name=path.name) == []


@pytest.mark.parametrize(
    "source",
    [
        'html.P("Nothing here")',
        'html.P(["since ", time])',
        'html.P(children=f"{n} networks hit")',
        'html.Img(alt="A map of the world")',
        'shell.section("Open now", body)',
        'shell.page(_("x"), html.P(a if b else "No data"))',
        'bad_parameter("q", "q says what to look for.", "1 to 100 characters")',
        'html.A("Sources", href="/sources")',
    ],
)
def test_the_check_finds_a_bare_text(source: str) -> None:
    assert unmarked(source)


@pytest.mark.parametrize(
    "source",
    [
        'html.P(_("Nothing here"))',
        'html.P([_("since"), " – ", time, ", "])',
        'html.A("/api/v1/", href="/api/v1/")',
        'html.Code("radar doctor")',
        'html.Span(className="some words in a class")',
        'html.P(f"{n} ({share}) ")',
    ],
)
def test_the_check_leaves_marked_texts_and_signs_alone(source: str) -> None:
    assert unmarked(source) == []


def test_the_template_is_current() -> None:
    assert messages.FILE.is_file(), "run `python -m scripts.messages`"
    assert messages.FILE.read_text(encoding="utf-8") == messages.text(), "run `python -m scripts.messages`"


def test_the_template_holds_messages_of_tables_plurals_and_the_catalogue() -> None:
    ids = {message.id for message in messages.catalogue() if message.id}
    assert "Too little data" in ids
    assert ("{n} day", "{n} days") in ids
    assert "Blocks that answer pings" in ids


def test_placeholders_of_a_message_have_names() -> None:
    """ "{}" cannot be put in another order by a translator."""
    bare = [message.id for message in messages.catalogue() if "{}" in str(message.id)]
    assert bare == []


#: What a reader may look at, and some of what goes wrong.
ADDRESSES = (
    "/", "/outages", "/sources", "/method", "/status", "/about", "/privacy", "/search", "/search?q=ira",
    "/search?q=qqqq", "/country/IQ", "/country/PT", "/country/NR", "/country/AQ", "/country/XX", "/asn/5089",
    "/geoasn/IQ-51684", "/provider/aws", "/nothing", "/feeds/outages.atom", "/feeds/asn/5089.atom",
    "/api/v1/outages?x=1", "/api/v1/signals?entity=country/IQ&interval=1m", "/api/v1/entities?q=",
)  # fmt: skip


class Listening(gettext.NullTranslations):
    """Remembers what was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[str | tuple[str, str]] = set()

    def gettext(self, message: str) -> str:
        self.asked.add(message)
        return message

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        self.asked.add((msgid1, msgid2))
        return super().ngettext(msgid1, msgid2, n)


@pytest.fixture
def site(client: Store) -> Iterator[FlaskClient]:
    """The whole site over the samples; nothing that was made before is used again."""
    seed(client, notice=True)
    with site_over(client) as server:
        yield server.test_client()


@pytest.fixture
def listening(monkeypatch: pytest.MonkeyPatch) -> Listening:
    """In the place of every language's catalogue."""
    ear = Listening()
    monkeypatch.setattr(languages, "catalogue", lambda _language: ear)
    return ear


def test_every_message_that_pages_ask_for_is_in_the_template(site: FlaskClient, listening: Listening) -> None:
    """Also those that are looked up by a variable, which no one can see in the source."""
    for address in (*ADDRESSES, *(f"/outage/{row['id']}" for row in sample_outages())):
        assert site.get(address).status_code < 500, address
    known = {message.id for message in messages.catalogue() if message.id}
    known |= {part for message in list(known) if isinstance(message, tuple) for part in message}
    assert len(listening.asked) > 150
    unmarked_ids = sorted(str(message) for message in listening.asked - known if message)
    assert not unmarked_ids, "\n".join(unmarked_ids)
