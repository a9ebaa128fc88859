"""The way to PostgreSQL: connections and migrations."""
