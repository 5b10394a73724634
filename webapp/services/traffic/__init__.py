"""Past traffic: windows of it, and the counts in them.

``windows`` reads a question from parameters, ``pool`` the counts of all versions with the same
inputs, as many as ``budget`` allows. ``common_inputs`` compares versions with different inputs,
``training_overlap`` finds events that a version was trained on.
"""
