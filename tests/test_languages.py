"""Catalogues are whole, numbers and days are those of CLDR, and stored sentences are told in the reader's language."""

from __future__ import annotations

import ast
import re
from datetime import date
from pathlib import Path

import pytest
from babel import Locale
from babel.dates import format_date, format_skeleton
from babel.messages.catalog import Catalog
from babel.numbers import format_decimal

from radar import cldr, entities, languages, retell
from radar.errors import ConfigError
from radar.labels import _, ngettext
from radar.settings import load
from scripts import cldr as cldr_file
from scripts import messages
from tests.samples import sample_outages

ROOT = Path(__file__).resolve().parent.parent
PLACEHOLDER = re.compile(r"\{[^}]*\}")


@pytest.fixture(scope="module", params=messages.TRANSLATED)
def translated(request: pytest.FixtureRequest) -> Catalog:
    return messages.translated(request.param)


def test_nothing_is_left_to_translate(translated: Catalog) -> None:
    assert len(translated) > 2000
    assert [message.id for message in messages.missing(translated)] == []


def test_a_missing_form_and_an_uncertain_translation_are_counted() -> None:
    found = Catalog(locale="es")
    found.add("a", "b")
    found.add("c", "")
    found.add("d", "e", flags=["fuzzy"])
    found.add(("{n} day", "{n} days"), ("{n} día", ""))
    assert [message.id for message in messages.missing(found)] == ["c", "d", ("{n} day", "{n} days")]


def test_placeholders_and_outer_spaces_are_those_of_the_original(translated: Catalog) -> None:
    """A sentence is put together from parts: " and {n} more" keeps the space before it."""
    for message in translated:
        if not message.id:
            continue
        originals = message.id if isinstance(message.id, tuple) else (message.id,)
        told = message.string if isinstance(message.string, tuple) else (message.string,)
        for original, text in zip(originals, told, strict=True):
            assert sorted(PLACEHOLDER.findall(text)) == sorted(PLACEHOLDER.findall(original)), (original, text)
            assert (text[:1].isspace(), text[-1:].isspace()) == (original[:1].isspace(), original[-1:].isspace()), text


@pytest.mark.parametrize("language", messages.TRANSLATED)
def test_the_files_of_a_language_are_current(language: str) -> None:
    folder = languages.FOLDER / language / "LC_MESSAGES"
    assert (folder / "radar.po").read_text(encoding="utf-8") == messages.po_text(language), "python -m scripts.messages"
    assert (folder / "radar.mo").read_bytes() == messages.mo_bytes(language), "python -m scripts.messages"


def test_the_tables_of_told_messages_and_of_cldr_are_current() -> None:
    assert messages.TOLD.read_text(encoding="utf-8") == messages.told_text(), "python -m scripts.messages"
    assert cldr_file.FILE.read_text(encoding="utf-8") == cldr_file.text(), "python -m scripts.messages"
    assert cldr_file.OWN_NAMES.read_text(encoding="utf-8") == cldr_file.own_names(), "python -m scripts.messages"


def test_a_language_ends_with_its_block_and_an_unknown_one_is_refused() -> None:
    with languages.speaking("es"):
        assert _("Outage") == "Interrupción"
        assert ngettext("{n} day", "{n} days", 1) == "{n} día"
        assert ngettext("{n} day", "{n} days", 2) == "{n} días"
    assert _("Outage") == "Outage"
    with pytest.raises(ValueError, match="expected one of en, es"), languages.speaking("xx"):
        pass


@pytest.mark.parametrize("language", languages.LANGUAGES)
@pytest.mark.parametrize("value", [0, 7, 999, 12_345, 1_234_567, 98_765.4, -12_345])
def test_numbers_are_written_as_babel_writes_them(language: str, value: float) -> None:
    places = 1 if isinstance(value, float) else 0
    with languages.speaking(language):
        assert cldr.fixed(value, places) == format_decimal(value, locale=cldr_file.LOCALES.get(language, language))


def test_four_digits_stand_together_in_spanish() -> None:
    """CLDR: minimumGroupingDigits 2, which Babel does not know."""
    with languages.speaking("es"):
        assert (cldr.count(1234), cldr.written("1,234.5 ms"), cldr.count(12_345)) == ("1234", "1234,5 ms", "12.345")


@pytest.mark.parametrize("language", languages.LANGUAGES)
@pytest.mark.parametrize("at", [date(2026, 1, 1), date(2026, 9, 30), date(2025, 12, 8)])
def test_days_are_written_as_babel_writes_them(language: str, at: date) -> None:
    locale = Locale.parse(cldr_file.LOCALES.get(language, language))
    with languages.speaking(language):
        assert cldr.day(at) == format_date(at, "long", locale=locale)
        assert cldr.short_day(at) == format_skeleton("yMMMd", at, locale=locale)
        assert cldr.month_year(at) == format_skeleton("yMMMM", at, locale=locale)


def test_spanish_says_e_before_the_sound_of_an_i() -> None:
    with languages.speaking("es"):
        assert cldr.joined(["Tonga", "Irán"]) == "Tonga e Irán"
        assert cldr.joined(["Irán", "Tonga", "Haití"]) == "Irán, Tonga y Haití"
        assert cldr.joined(["Hong Kong", "Hungría"]) == "Hong Kong y Hungría"
    assert cldr.joined(["Tonga", "Iran"]) == "Tonga and Iran"


def test_countries_are_called_by_their_names_in_cldr_and_networks_by_their_own() -> None:
    with languages.speaking("es"):
        assert entities.name("country/DE") == "Alemania"
        assert entities.name("geoasn/IQ-51684").endswith(" en Irak")
    assert entities.name("country/DE") == "Germany"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Iraq has been almost entirely offline since 16:30 UTC on 8 January 2026: blocks that answer pings 97 % below "
         "normal.",
         "Irak está casi totalmente sin conexión desde las 16:30 UTC del 8 de enero de 2026: bloques que responden a "
         "pings 97 % por debajo de lo normal."),
        ("Up to 96 % lost for 1 h 30 min; about 46 million of the 73 million Internet users in Iran are behind this "
         "network (an estimate from its share of the addresses announced there).",
         "Hasta 96 % perdido durante 1 h 30 min; unos 46 millones de los usuarios de Internet en Irán, de 73 "
         "millones en total, están detrás de esta red (una estimación según su parte de las direcciones "
         "anunciadas allí)."),
        ("Requests at our edge 94 % below normal. Most routes stayed up, packets gone.",
         "Solicitudes a nuestros servidores 94 % por debajo de lo normal. La mayoría de las rutas siguió en pie, los "
         "paquetes desaparecieron."),
        ("AS812 Acme Inc.: requests at our edge 20 % below normal at the worst, from 8 January 2026 to 12 March 2026.",
         "AS812 Acme Inc.: solicitudes a nuestros servidores 20 % por debajo de lo normal en lo peor, desde el 8 de "
         "enero de 2026 hasta el 12 de marzo de 2026."),
        ("Spain was mostly offline from 03:00 to 10:40 UTC on 2 March 2026: blocks that answer pings 97 % below normal "
         "at the worst.",
         "España estuvo mayoritariamente sin conexión desde las 03:00 hasta las 10:40 UTC del 2 de marzo de 2026: "
         "bloques que responden a pings 97 % por debajo de lo normal en lo peor."),
        ("Not affected at onset; a later, shallow loss of at most 13 % from 03:10 UTC on 2 March 2026.",
         "Sin efecto al inicio; después, una pérdida leve de 13 % como máximo, desde las 03:10 UTC del 2 de marzo de "
         "2026."),
        ("AS58224 Iran Telecommunication Company PJS", "AS58224 Iran Telecommunication Company PJS"),
        ("A sentence that a person wrote, of no form.", "A sentence that a person wrote, of no form."),
    ],
)  # fmt: skip
def test_a_stored_sentence_is_told_in_spanish(said: str, told: str) -> None:
    with languages.speaking("es"):
        assert retell.text(said) == told
    assert retell.text(said) == said


def test_codes_that_pages_look_up_stay_as_they_are() -> None:
    with languages.speaking("es"):
        outage = retell.document(sample_outages()[0])
    before = sample_outages()[0]
    for name in ("id", "entity", "status", "level", "start"):
        assert outage[name] == before[name]
    assert [row["verdict"] for row in outage["signals"]] == [row["verdict"] for row in before["signals"]]


def test_english_documents_are_not_copied() -> None:
    row = {"headline": "x y"}
    assert retell.document(row) is row


def _called_when_imported(tree: ast.AST) -> list[int]:
    """Lines on which a message is looked up while a module is loaded, when nobody's language is known."""
    found: list[int] = []
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("_", "ngettext"):
            found.append(node.lineno)
        found += _called_when_imported(node)
    return found


def test_no_message_is_looked_up_when_a_module_is_loaded() -> None:
    paths = [path for top in ("radar", "jobs") for path in (ROOT / top).rglob("*.py")]
    found = {str(path): lines for path in paths if (lines := _called_when_imported(ast.parse(path.read_text("utf-8"))))}
    assert found == {}
    assert _called_when_imported(ast.parse("TITLE = _('x')\ndef f():\n    return _('y')")) == [1]


def test_a_site_in_a_language_without_a_catalogue_does_not_start() -> None:
    assert load({"RADAR_LANGUAGE": "es"}).language == "es"
    with pytest.raises(ConfigError, match=r"RADAR_LANGUAGE.*one of en, es"):
        load({"RADAR_LANGUAGE": "xx"})
