"""The ``everycase`` command, one module a group of commands."""
