"""A long life in short: ``mix`` is everything that clients ask for, ``crew`` asks it again and
again, ``gauges`` reads what the server's processes hold meanwhile.
"""
