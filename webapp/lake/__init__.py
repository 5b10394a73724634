"""Events in a lake: counted and scored by one Ibis expression, whichever engine holds them.

Only commands use it, and none of its libraries is among what a server needs.
"""
