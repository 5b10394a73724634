"""Which version to trust: versions compared on the same events, in figures and in words."""
