"""What frontends see: the schema, access, limits, and reads."""
