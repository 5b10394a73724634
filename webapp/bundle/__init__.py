"""The modules that a version needs to answer anywhere, with the standard library alone.

``everycase export`` copies them as they are beside a score table. So they import each other only
relatively, and slow modules only in the function that uses them. The app reads and checks requests
with the same modules (``rules``, ``reading``, ``ids``), so that both give the same answers.

- ``rules``: the input contract: yes/no values and the case of a row;
- ``yes_no``: how yes and no are written;
- ``table``: read an exported version and check its files;
- ``reading``, ``multipart``: read a request's fields from query and body;
- ``ids``: event ids;
- ``answers``: the original API at ``/`` for functions;
- ``messages``: predictions for the messages of a stream;
- ``remote``: send predictions to the log of an Everycase server;
- ``lines``: JSON lines for the platform's own log;
- ``aws``, ``gcp``: the handlers of AWS Lambda and Google Cloud Functions;
- ``library``: the functions of the wheel.
"""
