from core.models.audit import AuditEvent, AuditSeal
from core.models.comment import Comment, CommentRevision
from core.models.digest import Digest
from core.models.heartbeat import Heartbeat
from core.models.idempotency import IdempotentAnswer
from core.models.job import Job
from core.models.lease import Lease
from core.models.notice import Notice, NoticeChoice, Topic
from core.models.star import Star
from core.models.webhook import Delivery, Webhook

__all__ = [
    "AuditEvent",
    "AuditSeal",
    "Comment",
    "CommentRevision",
    "Delivery",
    "Digest",
    "Heartbeat",
    "IdempotentAnswer",
    "Job",
    "Lease",
    "Notice",
    "NoticeChoice",
    "Star",
    "Topic",
    "Webhook",
]
