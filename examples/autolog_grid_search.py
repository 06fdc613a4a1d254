"""Nothing logged by hand: scikit-learn's autologging of a grid search, a parent run with a child for each candidate."""

import mlflow
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GridSearchCV

mlflow.set_experiment("tutorial/grid-search")
mlflow.sklearn.autolog(max_tuning_runs=4, silent=True)

features, target = load_breast_cancer(return_X_y=True, as_frame=True)
with mlflow.start_run(run_name="forest") as run:
    search = GridSearchCV(RandomForestClassifier(random_state=0), {"max_depth": [2, 4], "n_estimators": [5, 10]}, cv=2)
    search.fit(features, target)

print(f"run_id={run.info.run_id}")
