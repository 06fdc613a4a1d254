"""Autologging of PyTorch Lightning: an extra of its own (`test-torch`), since it is larger than all else together."""

import os
import sys

import pytest

from tests.client.conftest import MlflowClient

pytestmark = [pytest.mark.client, pytest.mark.needs("torch")]

TRAINING = """
import logging, warnings
warnings.simplefilter("ignore"); logging.getLogger("lightning").setLevel(logging.ERROR)
import lightning, mlflow, torch
from torch.utils.data import DataLoader, TensorDataset


class Line(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)

    def training_step(self, batch, _):
        x, y = batch
        loss = torch.nn.functional.mse_loss(self.layer(x), y)
        self.log("train_loss", loss, on_epoch=True)
        return loss

    def validation_step(self, batch, _):
        x, y = batch
        self.log("val_loss", torch.nn.functional.mse_loss(self.layer(x), y))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.05)


torch.manual_seed(1)
x = torch.linspace(-1, 1, 64).unsqueeze(1)
data = DataLoader(TensorDataset(x, 3 * x + 1), batch_size=16)
mlflow.set_experiment("lightning")
mlflow.pytorch.autolog(log_every_n_epoch=1, checkpoint_save_freq=None)
model = Line()
with mlflow.start_run() as run:
    trainer = lightning.Trainer(max_epochs=5, enable_progress_bar=False, enable_model_summary=True, logger=False,
                                enable_checkpointing=False, accelerator="cpu")
    trainer.fit(model, data, data)
(logged,) = mlflow.search_logged_models(output_format="list", filter_string=f"source_run_id = '{run.info.run_id}'")
again = mlflow.pytorch.load_model(f"models:/{logged.model_id}")
assert torch.allclose(again.layer.weight, model.layer.weight)
print(f"run_id={run.info.run_id} model_id={logged.model_id}")
"""


@pytest.fixture(scope="module")
def torch_client(tmp_path_factory):
    return MlflowClient(os.environ.get("ASSAY_TORCH_PYTHON", sys.executable), tmp_path_factory.mktemp("torch"))


def test_a_training_logs_itself_and_its_model(server, torch_client, run_of, files_of):
    printed = torch_client.script(server, TRAINING, timeout=300).split()[-2:]
    run_id, model_id = (word.partition("=")[2] for word in printed)

    run = run_of(run_id)
    assert run["info"]["status"] == "FINISHED"
    assert run["params"] | {"epochs": "5", "optimizer_name": "SGD", "lr": "0.05"} == run["params"]
    assert {"train_loss", "val_loss"} <= run["metrics"].keys()
    losses = server.get(f"metrics/get-history?run_id={run_id}&metric_key=val_loss")["metrics"]
    assert [point["step"] for point in losses] == [0, 1, 2, 3, 4]
    assert losses[-1]["value"] < losses[0]["value"] / 2
    assert "model_summary.txt" in files_of(run_id)
    assert [made["model_id"] for made in run["outputs"]["model_outputs"]] == [model_id]
    assert server.get(f"logged-models/{model_id}")["model"]["info"]["status"] == "LOGGED_MODEL_READY"
