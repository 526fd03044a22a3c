"""Components as HTML."""

from __future__ import annotations

import pytest
from dash import dcc, html

from radar.components.ssr import Raw, marks, settled, slot, to_html


def test_text_and_attributes_are_escaped() -> None:
    made = to_html(html.P(["<script>", html.A("a & b", href='/x?a=1&b="2"')], title="'\"<>"))
    assert made == (
        '<p title="&#x27;&quot;&lt;&gt;">&lt;script&gt;<a href="/x?a=1&amp;b=&quot;2&quot;">a &amp; b</a></p>'
    )


def test_names_of_react_become_names_of_html() -> None:
    made = to_html(html.Label("x", htmlFor="q", className="a b", tabIndex="0", **marks(aria_label="y", data_n=3)))
    assert made == '<label class="a b" for="q" tabindex="0" aria-label="y" data-n="3">x</label>' or all(
        part in made for part in ('for="q"', 'class="a b"', 'tabindex="0"', 'aria-label="y"', 'data-n="3"')
    )


def test_flags_are_written_bare_and_false_ones_left_out() -> None:
    assert to_html(html.Details([], open=True)) == "<details open></details>"
    assert to_html(html.Details([], open=False)) == "<details></details>"


def test_nothing_true_and_false_write_nothing_but_zero_is_a_number() -> None:
    assert to_html(html.P([None, True, False, 0, "", [1, [2]]])) == "<p>012</p>"


def test_elements_without_content_have_no_closing_tag() -> None:
    assert to_html(html.Div([html.Br(), html.Hr()])) == "<div><br><hr></div>"


def test_style_is_written_as_css() -> None:
    assert to_html(html.P("x", style={"maxWidth": "3px", "--depth": 2})) == '<p style="max-width:3px;--depth:2">x</p>'


def test_a_slot_is_filled_by_the_server_and_empty_for_dash() -> None:
    calls = []

    def drawing() -> str:
        calls.append(1)
        return "<svg></svg>"

    box = slot("map", drawing)
    sent = box.to_plotly_json()
    assert "children" not in {k for k, v in sent["props"].items() if v is not None}
    assert calls == [], "Dash's answer must not draw"
    assert to_html(box) == '<div id="map" class="slot" data-slot="map"><svg></svg></div>'


def test_raw_text_goes_in_as_it_is() -> None:
    assert to_html(html.P(Raw("<b>x</b>"))) == "<p><b>x</b></p>"


def test_what_only_the_browser_draws_leaves_nothing() -> None:
    assert to_html(html.Div([dcc.Graph(id="g"), dcc.Store(id="s")])) == "<div></div>"


def test_a_component_without_html_form_is_an_error_that_names_it() -> None:
    with pytest.raises(TypeError, match="Dropdown"):
        to_html(html.Div(dcc.Dropdown()))
    with pytest.raises(TypeError, match="object"):
        to_html(html.Div([object()]))


def test_what_is_settled_is_written_by_the_server_and_unknown_to_dash() -> None:
    box = settled("aside", html.Aside([html.P("a < b"), None], className="x"))
    assert to_html(box) == '<aside class="x" data-slot="aside"><p>a &lt; b</p></aside>'
    assert "a < b" not in str(box.to_plotly_json())


def test_what_is_empty_is_not_settled_so_that_nobody_waits_for_it() -> None:
    assert to_html(settled("aside", html.Aside([]))) == "<aside></aside>"
