"""Entry point of the project: `mlflow run examples/project -P alpha=0.5 --env-manager local`."""

import sys

import mlflow
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge

features, target = load_diabetes(return_X_y=True)
model = Ridge(alpha=float(sys.argv[1])).fit(features, target)
with mlflow.start_run():
    mlflow.log_metric("r2", model.score(features, target))
