"""A child process that must not outlive its parent, even when that is killed."""

import os
import signal
import sys
import threading


def stop_with_parent() -> None:
    """Send ourselves SIGTERM when stdin ends: a parent that lives holds its other end."""
    threading.Thread(target=_watch, name="parent-watch", daemon=True).start()


def _watch() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
