"""Training: labelled rows to counts, counts to a model, a model to a version.

Runs in processes of its own (a command, a job's child); web processes never import what is heavy.

- ``source``: find or download a file of labelled rows and check its SHA-256;
- ``rows``: ranges of rows, required columns, and the counts that rows come down to;
- ``data``: read the rows of a file, by the reader of ``webapp.files``;
- ``estimators``, ``network``: the estimators that can be trained; the network needs Keras;
- ``fit``: fit an estimator on counts, validate it, and collect the facts about it;
- ``command``: what ``everycase train`` does with these;
- ``case_table``, ``table_import``: read a table of all cases, and what ``everycase import`` does;
- ``evaluate``: the metrics of versions on labelled rows, for ``everycase evaluate``;
- ``errors``: every error that training raises for its caller;
- ``policy/``: when to retrain and on which events.
"""
