"""Copies versions between models with MlflowClient.copy_model_version; prints as JSON what came of it."""

import json

import mlflow
import numpy as np
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from sklearn.linear_model import LinearRegression

client = MlflowClient()
IS_3 = mlflow.__version__ >= "3"
SOURCE, TARGET = (f"{name} of {mlflow.__version__}" for name in ("copied – é", "copy"))
seen = {"release": mlflow.__version__}


def code_of(*args):
    """Return the error code with which copying fails."""
    try:
        client.copy_model_version(*args)
    except MlflowException as error:
        return error.error_code
    return "none"


def answer(uri):
    return round(float(mlflow.pyfunc.load_model(uri).predict(np.array([[2.0]]))[0]), 3)


mlflow.set_experiment("copies")
x = np.array([[1.0], [2.0], [3.0]])
for slope in (2.0, 3.0):
    with mlflow.start_run():
        where = {"name": "model"} if IS_3 else {"artifact_path": "model"}
        mlflow.sklearn.log_model(LinearRegression().fit(x, slope * x.ravel()), registered_model_name=SOURCE, **where)
client.set_registered_model_alias(SOURCE, "champion", "2")
client.transition_model_version_stage(SOURCE, "1", "Staging")

copies = [
    client.copy_model_version(f"models:/{SOURCE}/{what}", TARGET) if what[0] != "@"
    else client.copy_model_version(f"models:/{SOURCE}{what}", TARGET)
    for what in ("1", "@champion", "Staging")
]  # fmt: skip
again = client.copy_model_version(f"models:/{TARGET}/2", f"{TARGET} again")
seen["numbers"] = [str(copy.version) for copy in (*copies, again)]
seen["sources"] = [copy.source for copy in (*copies, again)]
seen["runs"] = [copy.run_id == client.get_model_version(SOURCE, "12"[n % 2]).run_id for n, copy in enumerate(copies)]
seen["stages"] = [client.get_model_version(TARGET, str(copy.version)).current_stage for copy in copies]
seen["answers"] = [answer(f"models:/{TARGET}/1"), answer(f"models:/{TARGET}/2"), answer(f"models:/{TARGET} again/1")]
seen["codes"] = {
    "number": code_of(f"models:/{SOURCE}/99", TARGET),
    "name": code_of("models:/there is none/1", TARGET),
    "alias": code_of(f"models:/{SOURCE}@nobody", TARGET),
    "scheme": code_of("runs:/0/model", TARGET),
    "target": code_of(f"models:/{SOURCE}/1", "a/b"),
}
seen["left"] = [
    len(client.search_model_versions(f"name = '{TARGET}'")),
    [model.name for model in client.search_registered_models("name = 'a/b'")],
]
client.delete_registered_model_alias(SOURCE, "champion")
client.delete_registered_model(SOURCE)
seen["alone"] = answer(f"models:/{TARGET}/2")
print(json.dumps(seen))
