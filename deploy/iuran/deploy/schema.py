"""Which rooms bring migrations."""

MIGRATION_PACKAGES = ("iuran.core", "iuran.payments", "iuran.workers")
