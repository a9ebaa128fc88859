"""Banks that exist only here: for demonstrations, acceptance and tests."""
