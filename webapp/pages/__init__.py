"""A package per page. Its module ``page`` has ``add(register_page)``, ``layout(**query)`` and
``register(app, services)``, and is listed in ``webapp.app.PAGES``.
"""
