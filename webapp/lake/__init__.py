"""Events in a data lake, counted and scored by one Ibis expression, whichever engine holds them.

Only commands use this package, and a server needs none of its libraries.

- ``sources``: parse ``--source``: which files or table, read by which engine
- ``engines``: the interface of engines; ``duck``, ``spark`` and ``servers`` implement it
- ``columns``, ``times``: a table's columns as flags, labels, versions and times
- ``expression``: the query that counts, and the join that scores
- ``count``, ``chunks``, ``aggregates``: count days that are missing, some at a time
- ``score``, ``outputs``, ``folders``: score events, and write them to files or a table
- ``parquet_stats``: what the statistics in Parquet files prove, so that rows aren't checked
- ``file_snapshot``: detect files that change while they are read
- ``reasons``, ``errors``: messages about rows and engines
- ``sql_text``: the queries as SQL, to run elsewhere
"""
