"""The registry's back office for site admins: decide on requests, set policies, look at everything."""

from registry.admin import models, policies, requests

__all__ = ["models", "policies", "requests"]
