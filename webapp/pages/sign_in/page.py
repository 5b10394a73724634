"""The sign-in page: a plain form, which needs no script."""

from __future__ import annotations

from html import escape
from urllib.parse import quote

from webapp.components import bundles, document, shell

_FORM = """<form class="ec-form" method="post" action="/sign-in{next_parameter}">
            <label for="token">{label}</label>
            <input id="token" name="token" type="password" required autofocus
              autocomplete="current-password" spellcheck="false"{problem_attributes}>
            <button type="submit">Sign in</button>
          </form>"""

ADMIN_TOKEN, ANY_TOKEN = "Admin token", "Token"  # labels of the form's field
_BESIDES = {
    True: "With the token of the API you can see the pages and record predictions.",
    False: "Everything else works without signing in.",
}


def render(problem: str = "", label: str = "", next_address: str = "/") -> str:
    """The page with an optional problem, and with a form if its field has a label.

    ``next_address`` is the page to open after signing in.
    """
    scheme = shell.cookie_scheme()
    theme = f' data-mantine-color-scheme="{scheme}"' if scheme else ""
    alert = f'<p class="ec-form-problem" id="problem" role="alert">{escape(problem)}</p>'
    problem_attributes = ' aria-invalid="true" aria-describedby="problem"' if problem else ""
    fields = _FORM.format(
        label=label,
        problem_attributes=problem_attributes,
        next_parameter="" if next_address == "/" else f"?next={quote(next_address)}",
    )
    return f"""<!DOCTYPE html>
<html lang="en" style="--ec-logo: url({document.ICON})"{theme}>
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Sign in · Everycase</title>
    <link rel="icon" type="image/svg+xml" href="{document.ICON}">
    <link rel="stylesheet" href="{bundles.address("css")}">
  </head>
  <body>
    <header class="ec-header"><div class="ec-header-inner">
      <a class="ec-brand" href="/"><span class="ec-logo" aria-hidden="true"></span>
        <span>Everycase</span></a>
    </div></header>
    <main class="ec-page ec-sign-in">
      <section class="ec-card">
        <h1>Sign in</h1>
        <p class="ec-caption">Administrators can promote versions and start retraining.
          {_BESIDES[label == ANY_TOKEN]}</p>
        {alert if problem else ""}
        {fields if label else ""}
      </section>
    </main>
  </body>
</html>
"""
