"""Event ids, re-exported from ``bundle``: exported functions generate them, too."""

from webapp.bundle.ids import is_id, new_id, new_ids

__all__ = ["is_id", "new_id", "new_ids"]
