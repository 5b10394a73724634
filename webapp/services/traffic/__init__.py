"""Past traffic: the window that is asked for, and the counts in it."""
