"""Arrays -> Plotly figures, as plain dicts.

Colours are tokens such as ``$accent`` or ``$accent/0.16``: the browser puts in those of the theme
that is on (assets/js/70-figures.js), so a figure follows light and dark without the server. The
values of the tokens stand with all other colours in assets/css/everycase.css.
"""
