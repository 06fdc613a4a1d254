from django.conf import settings
from django.db import models
from django.db.models import Q

from core.fields import CodePointCharField


class Topic(models.TextChoices):
    """What people may choose to be told of; the label ends the sentence "Tell me when …"."""

    REVIEW = "review", "a request waits for my review"
    REQUEST = "request", "something happens to a request of mine"
    MENTION = "mention", "somebody mentions me"
    BYPASS = "bypass", "somebody goes past a policy of a model that I manage"
    RUN_FAILED = "run_failed", "a run of mine fails"
    RUN_STALLED = "run_stalled", "a run of mine falls silent"
    TOKEN = "token", "an API token of mine is about to end"
    QUOTA = "quota", "an experiment that I manage fills its storage limit"
    DIGEST = "digest", "a week is over: my runs, my reviews, what went to Production"


# a search over hundreds of settings fails hundreds of times: that is read in the portal, unless one asks for mail
NOT_MAILED = {Topic.RUN_FAILED}
# a mail and nothing else: the portal shows all that is in it
ONLY_MAILED = {Topic.DIGEST}


class NoticeQuerySet(models.QuerySet):
    def of(self, user):
        """What `user` is told in the portal; notices.visible_to leaves of it what they may still see."""
        return self.filter(recipient=user, in_portal=True)

    def unread(self):
        return self.filter(read_at=None)


class Notice(models.Model):
    """Something that one person is told of: in the portal, by e-mail, or both."""

    class Mail(models.TextChoices):
        NONE = "", "Not asked for"
        WAITING = "waiting"
        SENT = "sent"
        FAILED = "failed"
        WITHHELD = "withheld"

    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices")
    topic = models.CharField(max_length=16, choices=Topic.choices)
    kind = CodePointCharField(max_length=32, help_text="what it is about, and with it who may see it")
    object_id = models.BigIntegerField()
    place = CodePointCharField(max_length=64, blank=True, help_text="where on the page of that, such as #comment-7")
    text = models.CharField(max_length=500)
    detail = models.TextField(blank=True, help_text="what somebody wrote, shortened")
    in_portal = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    read_at = models.DateTimeField(null=True, blank=True)
    mail = models.CharField(max_length=8, choices=Mail.choices, default=Mail.NONE, blank=True)
    mail_job = models.BigIntegerField(null=True, help_text="the job that has taken it to send it")
    mailed_at = models.DateTimeField(null=True, blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            # the page of notices, and what goes with an account
            models.Index(fields=["recipient", "-id"], name="notice_by_recipient"),
            # the count on every page
            models.Index(fields=["recipient"], condition=Q(read_at=None, in_portal=True), name="notice_unread"),
            # what is to be mailed
            models.Index(fields=["recipient", "topic"], condition=Q(mail="waiting"), name="notice_to_mail"),
            # what goes with what it is about
            models.Index(fields=["kind", "object_id"], name="notice_by_object"),
        ]

    def __str__(self):
        return self.text


class NoticeChoice(models.Model):
    """How one person wants to be told of one topic; without a row the default holds."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notice_choices")
    topic = models.CharField(max_length=16, choices=Topic.choices)
    in_portal = models.BooleanField()
    by_mail = models.BooleanField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "topic"], name="notice_choice_once")]

    def __str__(self):
        return f"{self.user} on {self.topic}"
