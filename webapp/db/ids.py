"""Event ids. Functions outside of this app make them, too, so they are made in ``bundle``."""

from webapp.bundle.ids import is_id, new_id, new_ids

__all__ = ["is_id", "new_id", "new_ids"]
