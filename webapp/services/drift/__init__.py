"""Has the traffic drifted, does it hurt, and what to do?

``reader`` answers for logged traffic and ``labelled_file`` for a file: with a report, or with the
reason why there is none (``answer``). ``sentence`` and ``words`` put the answer into words,
``columns`` makes the table of inputs for page, CSV and command, ``as_json`` the JSON of API and
command. ``webhook`` sends alerts when the verdict changes. The statistics are in ``stats.drift``.
"""
