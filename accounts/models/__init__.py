from accounts.models.invitation import Invitation
from accounts.models.setup import SetupToken
from accounts.models.token import ApiToken
from accounts.models.used_code import UsedCode
from accounts.models.user import User

__all__ = ["ApiToken", "Invitation", "SetupToken", "UsedCode", "User"]
