"""Under which paths banks find us, unless an installation says otherwise."""

DEFAULT_MOUNTS = (
    *("/snap/v1.0", "/openapi/v1.0", "/v1.0"),
    *("/v1.1", "/v1", "/authorization/v1", "/orders/v1.0"),  # as DOKU calls
)
