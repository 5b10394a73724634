"""Speed and size of the app against named peers: ``make bench`` and ``make lighthouse``.

Machines differ and have neighbours, so nothing here is a bare time: a figure is a ratio to a peer
measured in the same run, in alternation, or a size.
"""
