from tracker.models.artifact import Artifact, Blob
from tracker.models.cleanup import CleanupEntry, CleanupReport
from tracker.models.comparison import Comparison, ComparisonRun
from tracker.models.dataset import Dataset, DatasetInput
from tracker.models.environment import Environment
from tracker.models.experiment import Experiment, ExperimentGrant, ExperimentTag
from tracker.models.logged_model import (
    LoggedModel,
    LoggedModelMetric,
    LoggedModelParam,
    LoggedModelTag,
    ModelInput,
    ModelOutput,
)
from tracker.models.metric import Metric, MetricLevel
from tracker.models.pulse import Pulse
from tracker.models.retention import Hold, RetentionPolicy
from tracker.models.run import Param, Run, RunTag
from tracker.models.run_index import IndexedKey
from tracker.models.run_view import RunView
from tracker.models.storage_check import StorageCheck, StorageFault
from tracker.models.storage_figure import StorageFigure
from tracker.models.storage_quota import QuotaReached, StorageQuota
from tracker.models.upload import Piece, Upload

__all__ = [
    "Artifact",
    "Blob",
    "CleanupEntry",
    "CleanupReport",
    "Comparison",
    "ComparisonRun",
    "Dataset",
    "DatasetInput",
    "Environment",
    "Experiment",
    "ExperimentGrant",
    "ExperimentTag",
    "Hold",
    "IndexedKey",
    "LoggedModel",
    "LoggedModelMetric",
    "LoggedModelParam",
    "LoggedModelTag",
    "Metric",
    "MetricLevel",
    "ModelInput",
    "ModelOutput",
    "Param",
    "Piece",
    "Pulse",
    "QuotaReached",
    "RetentionPolicy",
    "Run",
    "RunTag",
    "RunView",
    "StorageCheck",
    "StorageFault",
    "StorageFigure",
    "StorageQuota",
    "Upload",
]
