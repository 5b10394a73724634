"""Flask views: JSON in, JSON out."""
