"""The ``everycase`` command: a module per group of commands, listed in ``main.COMMANDS``."""
