"""Stage annotations."""
