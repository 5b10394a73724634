"""A Kafka consumer that answers feature events and logs each once (``everycase consume``).

- ``worker``: the loop: read a batch, log it, answer it, commit its offsets
- ``source``, ``sender``: read messages from partitions; send answers and dead letters
- ``kafka``: make the clients from properties
- ``message``: a received message, and why one can't be used
- ``features``, ``outcomes``: messages as events and as outcomes, with outcomes held for events
- ``offsets``: how far each partition may be committed
- ``report``: counts for the log and for Prometheus
"""
