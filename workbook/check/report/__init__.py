"""From findings to what is said of them."""
