"""What a run can show: a live curve, a figure, an image with a step, a table, a dictionary and text."""

import math
import os
import time

import matplotlib as mpl
import mlflow
import numpy as np

mpl.use("Agg")
import matplotlib.pyplot as plt

STEPS = int(os.environ.get("STEPS", "200"))
SECONDS_A_STEP = float(os.environ.get("SECONDS_A_STEP", "0"))

mlflow.set_experiment("tutorial/figures")
with mlflow.start_run(run_name="curves") as run:
    mlflow.log_params({"learning_rate": 3e-4, "optimizer": "adam", "steps": STEPS})
    for step in range(STEPS):
        loss = math.exp(-step / 60) + 0.02 * math.sin(step)
        mlflow.log_metrics({"train/loss": loss, "train/accuracy": 1 - loss / 2}, step=step)
        time.sleep(SECONDS_A_STEP)

    figure, axes = plt.subplots()
    axes.plot(range(10), [n**2 for n in range(10)])
    mlflow.log_figure(figure, "plots/square.png")
    for step in range(3):
        mlflow.log_image(np.full((32, 32, 3), step * 100, dtype=np.uint8), key="sample", step=step, synchronous=True)
    mlflow.log_table({"question": ["what is it?", "who says so?"], "answer": ["gold", "the assay"]}, "answers.json")
    mlflow.log_dict({"layers": [64, 32], "dropout": 0.1}, "config.json")
    mlflow.log_text("# Findings\n\nIt **converges**.", "findings.md")

print(f"run_id={run.info.run_id}")
