"""Which requests wait for whom: `policies.why_not_approver` asked of many requests at once, in one statement."""

from collections.abc import Iterator
from itertools import islice

from django.db.models import BooleanField, Exists, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from accounts.access import Level
from accounts.models import User
from registry import policies
from registry.models import Approval, RegisteredModel, StagePolicy, TransitionRequest
from registry.models.policy import Target
from registry.policies import PROTECTED

# whoever is told with fifty others is in no doubt that somebody else will do it
MAX_REVIEWERS = 50

_Groups = StagePolicy.approver_groups.through


def visible_to(user) -> QuerySet:
    """Return the requests, open and closed, about versions that are there and that `user` may see."""
    models = RegisteredModel.objects.visible_to(user).active()
    return TransitionRequest.objects.filter(version__model__in=models, version__deleted_at=None)


def readable_by(user) -> QuerySet:
    """Return the requests that `user` may read, those about deleted versions and of deleted models included."""
    return TransitionRequest.objects.filter(version__model__in=RegisteredModel.objects.visible_to(user))


def waiting_for(user) -> QuerySet:
    """Return the open requests on which `user` may decide, and which they have not approved as they are.

    Where the evidence changed after somebody approved, the clock sees that within half a minute (requests.tell_of_changes).
    """
    rows = visible_to(user) & TransitionRequest.objects.open()
    if user.is_service or not user.is_active:
        return rows.none()
    policy = _governing(OuterRef("kind"), OuterRef("target"))
    rows = rows.alias(
        policy=Subquery(policy.values("pk")[:1]),
        own_counts=Coalesce(
            Subquery(policy.values("requester_may_approve")[:1]), Value(False), output_field=BooleanField()
        ),
        stage_is_protected=Exists(_governing(Value(Target.STAGE.value), OuterRef("version__stage"))),
        names_groups=Exists(_Groups.objects.filter(stagepolicy=OuterRef("policy"))),
        names_own_group=Exists(_Groups.objects.filter(stagepolicy=OuterRef("policy"), group__in=user.groups.all())),
        has_approved=Exists(
            Approval.objects.filter(request=OuterRef("pk"), by=user, evidence_digest=OuterRef("current_digest"))
        ),
    )
    takes_policy = Q(policy__isnull=False) | Q(kind=Target.STAGE, target=PROTECTED)
    in_protected = ~Q(version__added_stage="") | Q(stage_is_protected=True) | Q(version__stage=PROTECTED)
    leaves_protected = Q(kind=Target.STAGE) & in_protected
    editable = Q(version__model__in=RegisteredModel.objects.editable_by(user))
    manageable = Q(version__model__in=RegisteredModel.objects.manageable_by(user))
    by_level = manageable | (~takes_policy & ~leaves_protected & editable)
    may_decide = (Q(names_own_group=True) & (~leaves_protected | manageable)) | (Q(names_groups=False) & by_level)
    may_not_own = takes_policy & Q(own_counts=False, requested_by=user)
    return rows.filter(may_decide, ~may_not_own, has_approved=False)


def _governing(kind, target) -> QuerySet:
    """Return the policies of a request's stage or alias, the model's own before the site's."""
    of_model = Q(model=OuterRef("version__model")) | Q(model=None)
    rows = StagePolicy.objects.filter(of_model, kind=kind, target=target)
    return rows.order_by(F("model").desc(nulls_last=True))


def reviewers_of(request: TransitionRequest) -> list[User]:
    """Return who may decide on a request, MAX_REVIEWERS of them at most."""
    return list(islice(_reviewers(request), MAX_REVIEWERS))


def _reviewers(request: TransitionRequest) -> Iterator[User]:
    version, kind, target = request.version, request.kind, request.target
    groups = policies.approver_groups(policies.of(version.model, kind, target))
    if groups:
        people = User.objects.filter(groups__in=list(groups), is_active=True).distinct()
    else:
        people = version.model.people_at(Level.EDIT)
    for person in people.order_by("pk")[: 4 * MAX_REVIEWERS]:
        if not policies.why_not_approver(person, version, kind, target, requested_by_id=request.requested_by_id):
            yield person
