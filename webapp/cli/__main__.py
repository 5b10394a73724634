"""``python -m webapp.cli``: the ``everycase`` command."""

from webapp.cli.main import main

main()
