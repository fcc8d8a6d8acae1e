"""Checks an ONNX file with the onnx checker and runs it with ONNX Runtime, for ONNXWriterTests.

    python3 check_onnx.py model.onnx inputs.safetensors-like.json

The JSON holds `{"inputs": {name: {"shape": [...], "values": [...], "type": "float32"}}}`; the
outputs come back on stdout in the same form. Exit code 3: python lacks onnx or onnxruntime.
"""

import json
import sys

try:
    import numpy
    import onnx
    import onnxruntime
except ImportError as error:
    print(error)
    sys.exit(3)

model = onnx.load(sys.argv[1])
onnx.checker.check_model(model, full_check=True)
with open(sys.argv[2]) as file:
    given = json.load(file)["inputs"]
inputs = {
    name: numpy.array(value["values"], dtype=value["type"]).reshape(value["shape"])
    for name, value in given.items()
}
session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
names = [output.name for output in session.get_outputs()]
outputs = session.run(names, inputs)
print(json.dumps({
    name: {"shape": list(value.shape), "values": value.ravel().tolist()}
    for name, value in zip(names, outputs)
}))
