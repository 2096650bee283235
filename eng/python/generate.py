"""Writes the parts of the Python package that are made of others.

    generate.py PACKAGE ERRORS

PACKAGE is the folder foregsyte with the stubs of protoc in v1 and beside it google; ERRORS is docs/errors.md.
"""

import pathlib
import re
import shutil
import sys

# What makes the client for threads of the one for asyncio.
SYNC = [
    (r"\basync def\b", "def"),
    (r"\basync for\b", "for"),
    (r"\bawait ", ""),
    (r"\b__aenter__\b", "__enter__"),
    (r"\b__aexit__\b", "__exit__"),
    (r"\bAsync(Client|Iterator)\b", r"\1"),
    (r"\b_async\b", "_sync"),
    (r"\b_runtime_async\b", "_runtime_sync"),
]
NOTE = "# Made by eng/python.sh. Do not edit.\n"
ROW = re.compile(r"^\| `(?P<reason>[A-Z0-9_]+)` \| (?P<code>[A-Z_]+) \| (?P<again>yes|no) \| (?P<meaning>.*?) \| ")


def write_sync(package: pathlib.Path) -> None:
    """Writes the client for threads."""
    target = package / "_sync"
    target.mkdir()
    for source in sorted((package / "_async").glob("*.py")):
        text = source.read_text(encoding="utf-8")
        for pattern, replacement in SYNC:
            text = re.sub(pattern, replacement, text)
        (target / source.name).write_text(NOTE + text, encoding="utf-8")
    (target / "__init__.py").write_text('"""The client for threads, made of the one for asyncio."""\n', encoding="utf-8")


def move_google(package: pathlib.Path) -> None:
    """Moves Google's types into the package, where they give way to those of googleapis-common-protos.

    Two packages must not install the same files, and protobuf refuses to load two versions of a type.
    """
    moved = package / "_google"
    shutil.move(package.parent / "google", moved)
    for stub in [*moved.rglob("*_pb2.py*"), *(package / "v1").glob("*.py*")]:
        text = stub.read_text(encoding="utf-8")
        stub.write_text(
            re.sub(r"^from google\.(api|rpc) import", r"from foregsyte._google.\1 import", text, flags=re.MULTILINE),
            encoding="utf-8",
        )
    for stub in sorted(moved.rglob("*_pb2.py")):
        folder, name = stub.parent.name, stub.stem
        stub.rename(stub.with_name(f"_{name}.py"))
        stub.write_text(
            f"{NOTE}try:\n    from google.{folder}.{name} import *  # googleapis-common-protos\n"
            f"except ModuleNotFoundError:\n    from foregsyte._google.{folder}._{name} import *\n",
            encoding="utf-8",
        )
    for grpc_stub in [*moved.rglob("*_pb2_grpc.py"), *(package / "v1").glob("*_pb2_grpc.py")]:
        # Files without a service have an empty one.
        if "Stub" not in grpc_stub.read_text(encoding="utf-8"):
            grpc_stub.unlink()
    for folder in (moved, moved / "api", moved / "rpc"):
        (folder / "__init__.py").write_text('"""Types of google.api and google.rpc."""\n', encoding="utf-8")
    (package / "v1" / "__init__.py").write_text(
        '"""Messages and stubs of the contract foregsyte.v1."""\n', encoding="utf-8"
    )


def class_name(name: str) -> str:
    """Returns JobNotFoundError for JOB_NOT_FOUND."""
    return "".join(word.capitalize() for word in name.split("_")) + "Error"


def write_errors(package: pathlib.Path, errors: pathlib.Path) -> None:
    """Writes a class for each status code and below it one for each reason."""
    rows = [match for line in errors.read_text(encoding="utf-8").splitlines() if (match := ROW.match(line))]
    if len(rows) < 50:
        sys.exit(f"generate.py: {errors} has {len(rows)} reasons; its form has changed.")
    codes = sorted({"NOT_FOUND", "UNAVAILABLE", *(row["code"] for row in rows)})
    reasons = [row for row in rows if row["reason"] not in codes]
    same = {row["reason"]: row for row in rows if row["reason"] in codes}
    lines = [
        NOTE,
        '"""A class for each status code, and below it one for each published reason."""\n\n',
        "from foregsyte._failures import FieldViolation, ForegSyteError\n",
    ]
    for code in codes:
        meaning = same[code]["meaning"] if code in same else f"An error with the status code {code}."
        retryable = code == "UNAVAILABLE" or (code in same and same[code]["again"] == "yes")
        lines.append(class_text(class_name(code), "ForegSyteError", meaning, retryable))
    for row in reasons:
        lines.append(class_text(class_name(row["reason"]), class_name(row["code"]), row["meaning"], row["again"] == "yes"))
    lines.append("\n\nBY_CODE: dict[str, type[ForegSyteError]] = {\n")
    lines += [f'    "{code}": {class_name(code)},\n' for code in codes]
    lines.append('}\n"""The class of a status code."""\n\nBY_REASON: dict[str, type[ForegSyteError]] = {\n')
    lines += [f'    "{row["reason"]}": {class_name(row["reason"])},\n' for row in rows]
    lines.append('}\n"""The class of a reason."""\n\n__all__ = [\n    "BY_CODE",\n    "BY_REASON",\n')
    names = sorted({"FieldViolation", "ForegSyteError", *map(class_name, [*codes, *(row["reason"] for row in reasons)])})
    lines += [f'    "{name}",\n' for name in names]
    lines.append("]\n")
    (package / "errors.py").write_text("".join(lines), encoding="utf-8")


def class_text(name: str, base: str, meaning: str, retryable: bool) -> str:
    """Returns a class."""
    meaning = meaning.replace('"', "'")
    return f'\n\nclass {name}({base}):\n    """{meaning}"""\n\n    is_retryable = {retryable}\n'


def main(package: str, errors: str) -> None:
    """Writes everything."""
    folder = pathlib.Path(package)
    move_google(folder)
    write_sync(folder)
    write_errors(folder, pathlib.Path(errors))


if __name__ == "__main__":
    main(*sys.argv[1:])
