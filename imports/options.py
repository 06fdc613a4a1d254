"""How an import was asked for, as plain values that models.Import keeps."""

from dataclasses import asdict, dataclass, fields

from core.errors import InvalidValue
from registry import names as registry_names
from tracker.actions.experiments import check_name

MAX_INTO = 200


@dataclass(frozen=True)
class Options:
    """What of a source is taken, and under which names."""

    # of experiments, as the source has them; none: all
    experiments: tuple[str, ...] = ()
    # experiments come as into/name, registered models as into-name
    into: str = ""
    # runs and versions belong to the account that is called as their user is, where there is one
    matches_users: bool = False
    takes_files: bool = True
    # where files lie now: a folder, or a server's address without credentials
    artifacts: str = ""
    is_dry_run: bool = False

    def check(self) -> None:
        if self.into:
            if len(self.into) > MAX_INTO:
                raise InvalidValue(f"The prefix has at most {MAX_INTO} characters.")
            check_name(self.into)
            registry_names.check_name(self.model_name("name"))

    def experiment_name(self, name: str) -> str:
        return f"{self.into}/{name}" if self.into else name

    def model_name(self, name: str) -> str:
        # the name of a model holds no /
        return f"{self.into.replace('/', '-')}-{name}" if self.into else name

    def as_json(self) -> dict:
        return {**asdict(self), "experiments": list(self.experiments)}

    @classmethod
    def of_json(cls, values: dict) -> "Options":
        known = {field.name for field in fields(cls)}
        kept = {key: value for key, value in values.items() if key in known}
        return cls(**{**kept, "experiments": tuple(kept.get("experiments", ()))})
