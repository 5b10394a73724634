"""Past traffic: windows of it, and the counts in them."""
