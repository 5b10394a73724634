"""A page before any script ran: the header, and on Predict the question and the right probability.

Plain HTML in the page's own classes, so nothing moves when the drawn page takes its place. Where
the scripts take long it says that they are loading; pages, switches and signing in are links.
"""

from __future__ import annotations

from html import escape
from urllib.parse import urlencode

from webapp.cases import Features
from webapp.components.shell import Account, pages
from webapp.components.status import BANNER_CLASSES, banner_texts
from webapp.grammar import NBSP
from webapp.services.predict.view import PredictView
from webapp.services.status import Status
from webapp.vocabulary import Vocabulary, vocabulary_for


def first_paint(view: PredictView, status: Status, account: Account = None) -> str:
    """The first paint for a link; empty if no version can answer it."""
    if view.prepared is None or view.version is None:
        return ""
    features, version = view.prepared.features, view.version.name
    vocabulary = vocabulary_for(features).naming(view.prepared.facts.outcome)
    return f"""<div id="first-paint">{_header("/", version, account)}
      {_banner(status)}
      <div class="ec-main"><div class="ec-page">
        <h1>Predict</h1><p class="ec-subtitle">{escape(vocabulary.subtitle)}</p>
        <div class="ec-card ec-hero">
          {_cause(features, view.case, vocabulary, version)}
          {_effect(float(view.prepared.scores[view.case]), vocabulary)}
        </div>
      </div></div>{_loading("the switches work as links meanwhile")}
    </div>"""


def page_paint(path: str, status: Status, account: Account = None) -> str:
    """The first paint of another page: its name in the header, while the rest is on its way."""
    name = {path: name for name, path in pages()}.get(path)
    if name is None:
        return ""
    return f"""<div id="first-paint">{_header(path, status.champion or "", account)}
      {_banner(status)}
      <div class="ec-main"><div class="ec-page"><h1>{escape(name)}</h1></div></div>
      {_loading("the menu works meanwhile")}
    </div>"""


def _loading(what: str) -> str:
    """Shown after a moment, and not where no script will ever run."""
    return f'<p class="ec-fp-loading" role="status">Loading… {escape(what)}.</p>'


def _banner(status: Status) -> str:
    return "".join(
        f"""<div class="{BANNER_CLASSES[name]}"><div class="ec-banner-inner">
        <span class="ec-icon ec-icon-warning"></span><p><strong>{escape(what)}</strong> {
            escape(meaning)
        }</p>
      </div></div>"""
        for name, what, meaning in banner_texts(status)
    )


def _header(path: str, version: str, account: Account) -> str:
    signing = f'<span class="ec-account">{account}</span>' if account else ""
    if account == "Sign in":
        signing = f'<a class="ec-account" href="/sign-in">{account}</a>'
    links = "".join(
        f'<a class="ec-nav-link" href="{href}"{" aria-current=page" * (href == path)}>{name}</a>'
        for name, href in pages()
    )
    return f"""<div class="ec-header"><div class="ec-header-inner">
        <a class="ec-brand" href="/"><span class="ec-logo"></span><span>Everycase</span></a>
        <span class="ec-nav">{links}</span>
        <span class="ec-picker ec-fp-picker">{escape(version)}</span>{signing}
        <span class="ec-theme-toggle ec-fp-toggle"></span>
      </div></div>"""


def _cause(features: Features, case: int, vocabulary: Vocabulary, version: str) -> str:
    rows = "".join(
        f'<a class="ec-switch-row" href="{escape(_flip(features, case, name, version))}">'
        f'<span class="ec-fp-switch{" on" if on else ""}"></span>'
        f"<span>{escape(vocabulary.label(name))}</span></a>"
        for name, on in features.row(case).items()
    )
    return f"""<div class="ec-hero-cause"><h2>{escape(vocabulary.question)}</h2>
            <p class="ec-caption">{escape(vocabulary.flips)}</p>
            <div class="ec-switches" style="--rows: {features.half}">{rows}</div>
          </div>"""


def _flip(features: Features, case: int, name: str, version: str) -> str:
    """The link to the case with one input flipped."""
    row = features.row(case ^ features.bits[name])
    on = {other: 1 for other, value in row.items() if value}
    return "/?" + urlencode(on | {"version": version})


def _effect(score: float, vocabulary: Vocabulary) -> str:
    number = f'<span class="ec-number">{score * 100:.1f}</span>'
    unit = f'<span class="ec-unit">{NBSP}%</span>'
    return f"""<div class="ec-hero-effect"><h2>{escape(vocabulary.answer)}</h2>
            <div class="ec-answer"><div class="ec-probability">{number}{unit}</div></div>
            <noscript><p>Flipping needs JavaScript; links answer without it.</p></noscript>
          </div>"""
