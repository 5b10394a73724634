"""Pure numpy on score tables and counts: no I/O, no Dash."""
