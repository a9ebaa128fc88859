"""Which rooms bring migrations and routines, in the order in which routines run."""

MIGRATION_PACKAGES = ("iuran.core", "iuran.payments", "iuran.workers", "iuran.graphql")
