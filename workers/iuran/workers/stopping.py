"""Being told to stop: a cancellation that another error covered is not forgotten.

While a connection is closed because we were cancelled, closing it may raise its own error in place
of the cancellation. Whoever catches such errors and goes on would then never stop.
"""

import asyncio


def is_told_to_stop() -> bool:
    """Whether this task was cancelled, whatever was raised since."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def stop_if_told() -> None:
    """Raise the cancellation again if there was one."""
    if is_told_to_stop():
        raise asyncio.CancelledError
