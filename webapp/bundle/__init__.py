"""What a version needs to answer anywhere, with the standard library alone.

``everycase export`` copies these modules beside a score table, so they import each other only
relatively, and what costs time at import only where it is used. The app reads and checks requests
with the same modules (``rules``, ``reading``, ``ids``), so that both say the same.
"""
