"""Requests that no page and no well-behaved client sends.

``values`` has odd JSON and odd texts; ``callbacks`` makes bodies for Dash's endpoint, ``addresses``
requests to everything else; ``client`` sends them to an app in this process.
"""
