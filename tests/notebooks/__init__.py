"""Models as public notebooks and scripts make them."""
