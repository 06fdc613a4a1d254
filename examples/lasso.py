"""A first run: a Lasso on the diabetes data that ships with scikit-learn, with its param, metrics, tag, file and model.

export MLFLOW_TRACKING_URI=http://127.0.0.1:5000
export MLFLOW_TRACKING_TOKEN=assay_…
python examples/lasso.py
"""

import tempfile
from pathlib import Path

import mlflow
import pandas as pd
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Lasso
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error
from sklearn.model_selection import train_test_split

ALPHA = 0.1

data = load_diabetes(as_frame=True).frame
train, test = train_test_split(data, test_size=0.25, random_state=7)
features = [column for column in data.columns if column != "target"]

mlflow.set_experiment("tutorial/diabetes")
with mlflow.start_run(run_name="lasso") as run:
    mlflow.set_tag("stage", "first try")
    mlflow.log_param("alpha", ALPHA)
    mlflow.log_input(mlflow.data.from_pandas(train, name="diabetes", targets="target"), context="training")

    model = Lasso(alpha=ALPHA).fit(train[features], train["target"])
    predicted = model.predict(test[features])

    mlflow.log_metric("rmse", root_mean_squared_error(test["target"], predicted))
    mlflow.log_metric("mae", mean_absolute_error(test["target"], predicted))
    mlflow.log_metric("r2", r2_score(test["target"], predicted))

    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / "weights.csv"
        pd.DataFrame({"feature": features, "weight": model.coef_}).to_csv(weights, index=False)
        mlflow.log_artifact(str(weights))

    signature = mlflow.models.infer_signature(train[features], predicted)
    mlflow.sklearn.log_model(model, "model", signature=signature, input_example=train[features].head(3))

loaded = mlflow.sklearn.load_model(f"runs:/{run.info.run_id}/model")
assert (loaded.predict(test[features]) == predicted).all()
print(f"run_id={run.info.run_id}")
