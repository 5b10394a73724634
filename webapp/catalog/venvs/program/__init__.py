"""The program that asks a model in the environment that it was saved with.

It runs on Python 3.8 and newer, and imports the standard library and what the model itself needs:
nothing of this app but its own modules.
"""
