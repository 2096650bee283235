"""Reads messages from JSON (for example a stored results document) or protobuf, and writes them in both formats.

    PYTHONPATH=examples/python/stubs /usr/bin/python3 examples/python/convert.py \
        foregsyte.v1.ResultsDocument OUTPUT_FOLDER data/video_jobs/*_results.json
"""

import pathlib
import sys

from google.protobuf import json_format, symbol_database

# Importing the modules of the services registers every message of the contracts; details of errors are google.rpc's.
from foregsyte.inference.v1 import inference_service_pb2  # noqa: F401
from foregsyte.v1 import job_service_pb2  # noqa: F401
from google.rpc import error_details_pb2  # noqa: F401


def main(type_name, output, *paths):
    for path in map(pathlib.Path, paths):
        message = symbol_database.Default().GetSymbol(type_name)()
        if path.suffix == ".json":
            # A newer server may write fields and values that these stubs do not know; ignore them.
            json_format.Parse(path.read_bytes(), message, ignore_unknown_fields=True)
        else:
            message.ParseFromString(path.read_bytes())
        json = json_format.MessageToJson(message, preserving_proto_field_name=True, ensure_ascii=False)
        target = pathlib.Path(output, path.name)
        target.with_suffix(".json").write_text(json, encoding="utf-8")
        target.with_suffix(".binpb").write_bytes(message.SerializeToString())


if __name__ == "__main__":
    main(*sys.argv[1:])
