from accounts.models.setup import SetupToken
from accounts.models.token import ApiToken
from accounts.models.user import User

__all__ = ["ApiToken", "SetupToken", "User"]
