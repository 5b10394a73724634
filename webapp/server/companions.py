"""The processes beside the workers of this master, by their ids.

gunicorn.conf.py is read anew on a reload and its own variables are forgotten; this module stays.
"""

from __future__ import annotations

supervisor: list[int] = []
analyst: list[int] = []
stopping: list[bool] = []  # not empty once gunicorn stops
