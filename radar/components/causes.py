"""Why, perhaps: the hypotheses of an outage, how they are weighed, and how well what was learnt does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from radar import cldr, entities, known
from radar.causes import FEATURES, KINDS, LEARNED, SENTENCES, WEIGHTS
from radar.components import numbers, outages, shell
from radar.components.ssr import marks
from radar.labels import CAUSES, N_, _
from radar.shapes import Outage

#: What kinds of evidence are called; see ``radar.causes.KINDS``.
KIND_WORDS = {
    "measured": N_("measured"), "timing": N_("timing"), "place": N_("the place"), "told": N_("told by others"),
}  # fmt: skip
#: The checks of what was learnt, by their name in the file.
CHECKS = {
    "country left out": N_("Learnt, on countries that it has not seen"),
    "base rate, country left out": N_("The share of directed causes alone, the same way"),
    "from the past": N_("Learnt, from what came before"),
    "base rate, from the past": N_("The share of directed causes alone, the same way"),
    "country left out, without the two largest": N_("Learnt, unseen countries, without the two with most rows"),
}


COMMANDS = "radar causes validate\nradar causes learn FILE.csv --into causes.json"
#: What a country's record adds, in log-odds, below which it is not listed.
LEAST_PLACE = 0.25
MINUS = "\N{MINUS SIGN}"


def section(outage: Outage) -> Component:
    """The section of an outage's page."""
    named = known.named_cause(outage) is not None
    # what is not likely enough to be named stands behind "not known", however little speaks for that
    ranked = sorted(outage["causes"], key=lambda row: (not named and row["cause"] != "unknown", -row["p"]))
    rows = [_hypothesis(dict(cause)) for cause in ranked]
    hint = None if named else outages.hint(outage)
    first = hint and html.P(numbers.bound(f"{hint}."), className="sentence")
    body = html.Ul(rows, className="plain causes") if rows else html.P(_("We have no hypothesis."), className="none")
    note = _("Hypotheses with what speaks for and against them. None of them is a finding.")
    how = html.P(
        [_("A directed shutdown is set against failures with weights learnt from labelled outages; all else has stated "
           "weights."), " ", html.A(_("How causes are weighed"), href="/method#causes")],
        className="note",
    )  # fmt: skip
    return shell.section(_("Why, perhaps"), first, body, how if rows else None, note=note, id="causes")


def _hypothesis(cause: Mapping[str, Any]) -> Component:
    name = _(CAUSES.get(cause["cause"], cause["cause"]))
    said = (
        html.Span(_("says {name}").format(name=cause["by"]))
        if "by" in cause
        else html.Span(_p(cause["p"]), className="num")
    )
    points = [html.Li([html.B(_("For: ")), text]) for text in cause.get("for", [])]
    points += [html.Li([html.B(_("Against: ")), text]) for text in cause.get("against", [])]
    head = html.P([html.B(name[:1].upper() + name[1:]), " ", said])
    return html.Li([head, html.Ul(points, className="plain evidence") if points else None])


def _p(p: float) -> str:
    return _("under 1 %") if p < 0.005 else f"{p * 100:.0f} %"


def method() -> Component:
    """The section of /method: every weight, as the code has it."""
    return shell.section(
        _("Causes"),
        html.P(_("A cause is a hypothesis with a probability and with its evidence for and against, never a verdict. "
                 "Where none reaches {least} %, the cause is not known, and that is what we say first. We never name a "
                 "government; while only timing, place and calendar speak for a directed shutdown, no more than {most} "
                 "% is said of it.").format(least=_percent(WEIGHTS.abstain), most=_percent(WEIGHTS.timing_most))),
        html.P([_("How likely a directed shutdown is against all failures was learnt from {n} of {m} labelled outages; "
                  "their share of directed ones ({share} %) is replaced by an assumed {assumed} %.").format(**_counts(),
                      share=_percent(LEARNED.share), assumed=_percent(WEIGHTS.directed_share)),
                " ", html.A(_("How well it does"), href="/scoreboard#causes")]),
        _table([_("Learnt"), _("Adds to a directed shutdown")],
               [[_(FEATURES[name][0]), _signed(weight)] for name, weight in LEARNED.weights.items()], figures=True),
        html.Details([html.Summary(_("What the labelled outages of a country add")), html.P(_countries())]),
        html.P(_("Everything else has weights that are stated, not learnt. They are log-odds: 0.7 doubles the odds, "
                 "-0.7 halves them. Words in braces are filled with what was seen.")),
        html.Details([html.Summary(_("All stated weights")), _table([_("Evidence"), _("Kind"), _("Weights")], [
            [_(text), _(KIND_WORDS[kind]), ", ".join(
                f"{_(CAUSES[cause])} {_signed(weight)}" for cause, weight in WEIGHTS.evidence[id].items())]
            for id, (kind, text) in SENTENCES.items() if kind in KINDS
        ])]),
        id="causes",
        class_name="prose",
    )  # fmt: skip


def _counts() -> dict[str, str]:
    names = {"n": "rows_used", "m": "rows_in_all", "d": "directed", "t": "technical", "c": "countries"}
    return {short: cldr.count(LEARNED.study[name]) for short, name in names.items()}


def _countries() -> str:
    """Countries whose own record adds or takes a noticeable part, the largest first."""
    found = sorted(LEARNED.countries.items(), key=lambda item: -item[1])
    named = [f"{entities.name(f'country/{code}')} {_signed(w)}" for code, w in found if abs(w) >= LEAST_PLACE]
    return ", ".join(named)


def scoreboard() -> Component:
    """The section of /scoreboard: the checks of what was learnt."""
    study = LEARNED.study
    checks = [
        [
            _(CHECKS[name]),
            str(row["rows"]["rows"]),
            *(_both(row, key) for key in ("log_loss", "brier", "accuracy", "accuracy_decided")),
        ]
        for name, row in study["validation"].items()
    ]
    said = [
        [_("{low} to {high} %").format(low=_percent(row["from"]), high=_percent(row["to"])), str(row["rows"]),
         _percent(row["said"]), _percent(row["were"])]
        for row in study["calibration"]
    ]  # fmt: skip
    text = _("A directed shutdown or a failure? Learnt from {n} of {m} outages ({source}): {d} directed, {t} "
             "technical, of {c} countries; the others have no known cause. Each cell counts by rows, then by "
             "countries, as few countries have most rows. Log loss and Brier say how far the probabilities were from "
             "what was so: 0 is perfect, and who always says 50 % gets 0.69 and 0.25.")  # fmt: skip
    heads = [_("Check"), _("Rows"), _("Log loss"), _("Brier"), _("Right"), _("Right, where it does not abstain")]
    return shell.section(
        _("Directed or failed?"),
        html.P(text.format(**_counts(), source=study["source"])),
        _table(heads, checks, figures=True),
        html.P(_("What was said of countries that it had not seen, and how many were directed:")),
        _table([_("Said"), _("Rows"), _("Mean said, %"), _("Were directed, %")], said, figures=True),
        html.P(_("This command shows it, and learns anew from a file of yours:")),
        html.Pre(COMMANDS),
        note=_("Between 30 and 70 % it abstains. The finer causes have stated weights and no such check: too few of "
               "them are labelled."),
        id="causes",
    )  # fmt: skip


def _both(row: Mapping[str, Any], key: str) -> str:
    shown = [row[by][key] for by in ("rows", "countries")]
    return "\N{NO-BREAK SPACE}/ ".join("–" if number is None else cldr.fixed(number, 2) for number in shown)


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share * 100:.0f}"


def _signed(weight: float) -> str:
    return f"{'+' if weight > 0 else MINUS}{cldr.fixed(abs(weight), 1)}"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, figures: bool = False) -> Component:
    """``figures``: the columns after the first are figures."""
    (first, *others), rest = heads, "num" if figures else ""
    named = [html.Th(text, scope="col", className=rest) for text in others]
    head = html.Thead(html.Tr([html.Th(first, scope="col"), *named]))
    body = html.Tbody([
        html.Tr([html.Th(name, scope="row"), *(html.Td(html.Span(cell), className=rest, **marks(data_label=label))
                                               for cell, label in zip(cells, others, strict=True))])
        for name, *cells in rows
    ])  # fmt: skip
    form = "figures stacked" if len(heads) > 4 else "figures views"  # more columns than a phone has room for
    return html.Div(html.Table([head, body], className=form), className="scroll")
