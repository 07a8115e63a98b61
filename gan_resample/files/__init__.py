"""Tables in files: read, and written over nobody's."""
