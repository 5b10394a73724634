"""Which version answers, and how its answers come into the log."""
