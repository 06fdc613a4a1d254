"""Files as scripts log them, one of each kind that a page shows; drawn and written here, so that nothing is kept as a blob."""

import base64
import io
import json
import math
import struct
import wave
import zlib

from tracker.actions import artifacts, logged_models
from tracker.models import Artifact, LoggedModel, Run

HTML = """<!doctype html><title>Report</title><style>body{font:15px sans-serif;margin:2rem}</style>
<h1>Weld seams, fold 3</h1><p id="said">scripts are off</p>
<script>document.getElementById("said").textContent = "drawn by the script of the file"</script>"""
SVG = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 160" fill="none" stroke="#2557c7" stroke-width="3">
<path d="M20 140V20M20 140H280" stroke="#888"/><path d="M20 130C80 40 140 30 280 24"/></svg>"""
MARKDOWN = """# Card of the model

Finds **porosity** in weld seams.

| split | seams | AUC |
|---|---:|---:|
| train | 12400 | 0.981 |
| test | 1550 | 0.942 |

<script>alert("never")</script>
"""
LOG = "\n".join(
    f"2026-05-03 12:{n // 60:02}:{n % 60:02} INFO train epoch={n} loss={math.exp(-n / 30):.5f}" for n in range(240)
)
CONFIG = {
    "model": {"arch": "resnet50", "pretrained": True, "dropout": 0.1, "heads": None},
    "data": {"splits": ["train", "test"], "sizes": [12400, 1550], "root": "seams-2026-04"},
    "optimizer": {"name": "adamw", "lr": 3e-4, "betas": [0.9, 0.999]},
}
TABLE = {"columns": ["seam", "truth", "score"], "data": [[f"S-{n:04}", n % 2, round(n / 40, 3)] for n in range(40)]}


def png(width: int = 480, height: int = 300) -> bytes:
    """Return a curve on a see-through ground, as a figure with no face colour has it."""
    rows = bytearray()
    curve = {x: int(height - 30 - (height - 60) * (1 - math.exp(-x / 90))) for x in range(width)}
    for y in range(height):
        rows.append(0)
        for x in range(width):
            on_axis = (y == height - 20 and x > 20) or (x == 20 and y < height - 20)
            on_curve = x > 20 and abs(y - curve[x]) < 3
            rows += bytes((37, 87, 199, 255) if on_curve else (110, 110, 110, 255) if on_axis else (0, 0, 0, 0))

    def chunk(kind: bytes, content: bytes) -> bytes:
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(rows))) + chunk(b"IEND", b"")
    )


def csv() -> bytes:
    lines = ["image,label,score,area_mm2"]
    lines += [f"seam-{n:05}.tif,{('good', 'pore', 'crack')[n % 3]},{1 / (n + 1):.4f},{n * 3}" for n in range(400)]
    return "\n".join(lines).encode()


def wav(seconds: float = 0.5, rate: int = 8000) -> bytes:
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(
            b"".join(struct.pack("<h", int(9000 * math.sin(n * 0.35))) for n in range(int(rate * seconds)))
        )
    return target.getvalue()


def pdf(*lines: str) -> bytes:
    """Return one page with lines of text."""
    drawn = "".join(f"BT /F1 18 Tf 72 {720 - 30 * n} Td ({line}) Tj ET\n" for n, line in enumerate(lines)).encode()
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%sendstream" % (len(drawn), drawn),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    raw, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(raw))
        raw += b"%d 0 obj" % number + content + b"endobj\n"
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % len(raw)
    return raw + b"xref\n0 6\n0000000000 65535 f \n" + table + end


def parquet() -> bytes:
    import pyarrow
    import pyarrow.parquet

    rows = range(2_500)
    columns = {
        "seam": [f"S-{n:05}" for n in rows],
        "area_mm2": [n / 8 for n in rows],
        "is_pore": [n % 3 == 0 for n in rows],
    }
    target = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(columns), target)
    return target.getvalue()


def notebook() -> str:
    picture = base64.b64encode(png(320, 180)).decode()
    cells = [
        {"cell_type": "markdown", "source": ["## Scores by fold\n", "What the *third* fold says."]},
        _code(
            "scores = read('fold-3')\nscores.head()",
            {"text/html": "<table>", "text/plain": "  seam  score\n0 S-0    0.91"},
        ),
        _code("plot(scores)", {"image/png": picture, "text/plain": "<Figure size 320x180>"}),
    ]
    failed = {"output_type": "error", "ename": "KeyError", "evalue": "'fold-4'", "traceback": ["KeyError: 'fold-4'"]}
    cells.append({"cell_type": "code", "source": "read('fold-4')", "outputs": [failed], "execution_count": 4})
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def _code(source: str, data: dict) -> dict:
    output = {"output_type": "execute_result", "data": data}
    return {"cell_type": "code", "source": source, "outputs": [output], "execution_count": 2}


def add(owner: Run | LoggedModel, path: str, content: bytes | str, *, by) -> Artifact:
    content = content.encode() if isinstance(content, str) else content
    return artifacts.upload(owner, path, io.BytesIO(content), by=by)


def fill(run: Run, *, by) -> LoggedModel:
    """Give the run a file of each kind, and a logged model; return the model."""
    files = {
        "plots/roc.png": png(),
        "plots/curve.svg": SVG,
        "tables/predictions.csv": csv(),
        "tables/areas.parquet": parquet(),
        "notebooks/scores.ipynb": notebook(),
        "tables/scores.json": json.dumps(TABLE),
        "config.json": json.dumps(CONFIG),
        "report.html": HTML,
        "report.pdf": pdf("Weld seams, fold 3", "AUC 0.942 on 1550 seams"),
        "broken/cut.pdf": pdf("cut")[:200],
        "README.md": MARKDOWN,
        "logs/train.log": LOG,
        "audio/arc.wav": wav(),
        "checkpoints/epoch-30.pt": b"\x80\x02never unpickled" * 400,
        "broken/cut.png": png()[:900],
        "broken/wrong.json": '{"loss": 0.1,',
    }
    for path, content in files.items():
        add(run, path, content, by=by)
    model = logged_models.create(run.experiment, name="seam-classifier", source_run=run, by=by)
    for path, content in MODEL.items():
        add(model, path, content, by=by)
    return model


_MLMODEL = """artifact_path: model
flavors:
  python_function:
    env: {conda: conda.yaml, virtualenv: python_env.yaml}
    loader_module: mlflow.sklearn
    model_path: model.pkl
    python_version: 3.11.9
  sklearn:
    pickled_model: model.pkl
    serialization_format: cloudpickle
    sklearn_version: 1.7.2
mlflow_version: 3.17.2
saved_input_example_info: {artifact_path: input_example.json, pandas_orient: split, type: dataframe}
signature:
  inputs: '[{"type": "double", "name": "area_mm2", "required": true}, {"type": "string", "name": "line", "required": false}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 3]}}]'
  params: '[{"name": "threshold", "type": "double", "default": 0.5, "shape": null}]'
utc_time_created: '2026-05-03 12:00:00'
"""
MODEL = {
    "MLmodel": _MLMODEL,
    "model.pkl": b"\x80\x05never unpickled" * 100,
    "requirements.txt": "mlflow==3.17.2\nscikit-learn==1.7.2\nnumpy==2.3.4\n",
    "python_env.yaml": "python: 3.11.9\ndependencies:\n- -r requirements.txt\n",
    "conda.yaml": "name: mlflow-env\nchannels: [conda-forge]\ndependencies: [python=3.11.9]\n",
    "input_example.json": '{"columns": ["area_mm2", "line"], "data": [[12.5, "A"], [3.25, "B"]]}',
}
