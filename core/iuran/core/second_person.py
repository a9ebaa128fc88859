"""Money and status by hand need two persons; the database holds it, these name it."""

from iuran.core.errors import DomainError


class SecondPersonError(DomainError):
    """Whoever proposed something cannot approve it."""

    code = "SECOND_PERSON_NEEDED"

    def __init__(self, by: str) -> None:
        super().__init__(f"{by} took part before; another person has to decide")
        self.by = by


class NothingToApproveError(DomainError):
    """What was to be approved does not wait for it: it is unknown or decided."""

    code = "NOTHING_TO_APPROVE"

    def __init__(self, what: str) -> None:
        super().__init__(f"no {what} waits for approval; look at its present state")
        self.what = what
