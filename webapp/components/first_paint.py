"""The Predict page before any script ran: header, question, and the right probability.

Plain HTML in the page's own classes, so nothing moves when the drawn page takes its place.
"""

from __future__ import annotations

from html import escape

from webapp.cases import Features
from webapp.components.shell import Account
from webapp.components.status import BANNER_CLASSES, banner_texts
from webapp.grammar import NBSP
from webapp.services.predict.view import PredictView
from webapp.services.status import Status
from webapp.vocabulary import Vocabulary, vocabulary_for


def first_paint(view: PredictView, status: Status, account: Account = None) -> str:
    """The first paint for a link; empty if no version can answer it."""
    if view.prepared is None or view.version is None:
        return ""
    features = view.prepared.features
    vocabulary = vocabulary_for(features).naming(view.prepared.facts.outcome)
    return f"""<div id="first-paint">{_header(view.version.name, account)}
      {_banner(status)}
      <div class="ec-main"><div class="ec-page">
        <h1>Predict</h1><p class="ec-subtitle">{escape(vocabulary.subtitle)}</p>
        <div class="ec-card ec-hero">
          {_cause(features, view.case, vocabulary)}
          {_effect(float(view.prepared.scores[view.case]), vocabulary)}
        </div>
      </div></div>
    </div>"""


def _banner(status: Status) -> str:
    return "".join(
        f"""<div class="{BANNER_CLASSES[name]}"><div class="ec-banner-inner">
        <span class="ec-icon ec-icon-warning"></span><p><strong>{escape(what)}</strong> {
            escape(meaning)
        }</p>
      </div></div>"""
        for name, what, meaning in banner_texts(status)
    )


def _header(version: str, account: Account) -> str:
    signing = f'<span class="ec-account">{account}</span>' if account else ""
    return f"""<div class="ec-header"><div class="ec-header-inner">
        <span class="ec-brand"><span class="ec-logo"></span><span>Everycase</span></span>
        <span class="ec-nav"><span class="ec-nav-link" aria-current="page">Predict</span></span>
        <span class="ec-picker ec-fp-picker">{escape(version)}</span>{signing}
        <span class="ec-theme-toggle ec-fp-toggle"></span>
      </div></div>"""


def _cause(features: Features, case: int, vocabulary: Vocabulary) -> str:
    rows = "".join(
        f'<div class="ec-switch-row"><span class="ec-fp-switch{" on" if on else ""}"></span>'
        f"<span>{escape(vocabulary.label(name))}</span></div>"
        for name, on in features.row(case).items()
    )
    return f"""<div class="ec-hero-cause"><h2>{escape(vocabulary.question)}</h2>
            <p class="ec-caption">{escape(vocabulary.flips)}</p>
            <div class="ec-switches" style="--rows: {features.half}">{rows}</div>
          </div>"""


def _effect(score: float, vocabulary: Vocabulary) -> str:
    number = f'<span class="ec-number">{score * 100:.1f}</span>'
    unit = f'<span class="ec-unit">{NBSP}%</span>'
    return f"""<div class="ec-hero-effect"><h2>{escape(vocabulary.answer)}</h2>
            <div class="ec-answer"><div class="ec-probability">{number}{unit}</div></div>
            <noscript><p>Flipping needs JavaScript; links answer without it.</p></noscript>
          </div>"""
