"""Shared by the scripts of this folder: frames of the sample, and model runs without the service."""

import json
import pathlib
import subprocess

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
MODELS = ROOT / "data" / "models"


def frame(index):
    """A frame of the sample as RGB, decoded by ffmpeg, so that its colors equal those in the service."""
    raw = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", ROOT / "data/samples/pedestrians.mp4", "-vf",
         f"select='eq(n,{index})',scale=768:576:flags=area+accurate_rnd", "-vsync", "passthrough", "-f", "rawvideo",
         "-pix_fmt", "rgb24", "-"],
        check=True, capture_output=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(576, 768, 3)


def run(model, tensor, node_modules, folder, runner="infer.js"):
    """All outputs of a model for one input; runner is infer.js (onnxruntime-node) or tfjs.js."""
    tensor = np.ascontiguousarray(tensor, np.float32)
    job = {"model": str(model), "input": f"{folder}/in", "shape": list(tensor.shape), "output": f"{folder}/out"}
    pathlib.Path(job["input"]).write_bytes(tensor.tobytes())
    pathlib.Path(f"{folder}/job.json").write_text(json.dumps(job))
    subprocess.run(["node", HERE / runner, f"{folder}/job.json"], check=True, env={
        "NODE_PATH": node_modules, "PATH": "/usr/local/bin:/usr/bin:/bin"})
    shapes = json.loads(pathlib.Path(f"{folder}/out.json").read_text())
    return [np.frombuffer(pathlib.Path(f"{folder}/out.{i}").read_bytes(), np.float32).reshape(shape)
            for i, shape in enumerate(shapes)]
