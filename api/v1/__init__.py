"""Our own protocol, for what MLflow's has no call for; described by OpenAPI at /api/v1/openapi.json."""
