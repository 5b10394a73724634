"""The Drift page.

``page`` has the route, the frame and the controls' connections; ``filters`` the controls; ``cards``
the headline and the five figures at the top; ``sections`` and ``tables`` the rest. The browser
draws what ``browser_data`` sends: the figures of ``figure_*`` and the small multiples.
"""
