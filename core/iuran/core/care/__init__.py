"""Care that participants seek: is it covered, under which number, and what fine is on it."""
