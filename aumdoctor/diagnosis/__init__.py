"""From findings to causes."""
