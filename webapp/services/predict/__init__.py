"""Predictions: the version that answers, logging, and what the Predict page shows.

``version_choice`` finds the version, ``record`` predicts and logs, ``ingest`` logs predictions made
elsewhere, ``score_file`` scores files, ``replay`` and ``simulate`` write traffic, ``view`` and
``receipts`` serve the page.
"""
