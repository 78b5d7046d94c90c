"""Model folders, and what others may make of them."""

import hashlib
import json

from skmat._utils.model_folder import ModelFolder


def save(path, number=1):
    """Write a model folder that holds a number, twice."""
    with ModelFolder.create(path) as folder:
        folder.write_json("model.json", {"number": number})
        folder.sub("part").write_json("model.json", {"number": number})
    return path


def number_of(path):
    """Read such a folder, and check that both numbers are of one save."""
    folder = ModelFolder.open(path)
    number = folder.read_json("model.json")["number"]
    assert folder.sub("part").read_json("model.json")["number"] == number
    return number


def put(folder, name, content):
    """Put a file into a model folder, with its hash, as a hostile writer would."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    lines = (folder / "SHA256SUMS").read_text().splitlines()
    sums = {line[66:]: line[:64] for line in lines}
    sums[name] = hashlib.sha256(content).hexdigest()
    text = "".join(f"{sums[each]}  {each}\n" for each in sorted(sums))
    (folder / "SHA256SUMS").write_text(text)


def alter(folder, change, name="model.json"):
    """Change the values of a JSON file in place by a function, with its hash."""
    values = json.loads((folder / name).read_bytes())
    change(values)
    put(folder, name, json.dumps(values).encode())
