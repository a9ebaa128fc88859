"""How it runs: the `iuran` command, the server, the embedded services."""
