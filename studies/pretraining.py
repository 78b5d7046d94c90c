"""What pretraining is worth, and what that depends on: objectives, properties, formulas.

``pretraining.toml`` lists the encoders. Each reads a sixth of the corpus twice and is fine-tuned
for 30 epochs, so that the grid takes hours of two cores. Compare the encoders with one another,
not with shipped ones.
"""

import json
from contextlib import chdir
from pathlib import Path

from cells import FOLDS, SMALL, UNSEEN, matbench_fold, matbench_study
from joblib import Parallel, delayed
from runner import read_plan

from skmat.cli.pretrain.run import run_pretraining

PLAN = read_plan("pretraining")
ENCODERS, GROUPS, USUAL = PLAN["encoders"], PLAN["groups"], PLAN["usual"]
#: What the encoders of each family are compared with.
SCRATCH = {"mtencoder": "scratch", "roost": "roost-scratch"}


def family_of(name):
    return (USUAL | ENCODERS.get(name, {}))["family"]


def config_of(name, folder):
    """Return the configuration of ``skmat pretrain`` for an encoder."""
    plan, family = USUAL | ENCODERS[name], family_of(name)
    tables = [{"source": "oqmd", "targets": plan["targets"]}]
    if plan["jarvis"]:
        tables.append(PLAN["jarvis"])
    if plan["real"] and plan["objectives"] != "supervised":
        tables.append({"source": "formulas"})
    return {
        "data": {
            "exclude": [] if plan["overlap"] else [f"matbench_{task}" for task in UNSEEN],
            "validation_fraction": 0.02,
            "max_compositions": 65_000,
            "tables": tables,
        },
        "encoder": {
            "family": family,
            "objectives": PLAN["objectives"][plan["objectives"]],
            **USUAL["settings"],
            **ENCODERS[name].get("settings", {}),
            **({"dropout": 0.0} if family == "mtencoder" else {}),
            **({"pretrained": str(folder / plan["after"])} if "after" in plan else {}),
        },
        "output": {"folder": str(folder / name), "name": name},
    }


def to_toml(value):
    """Return a value of a configuration as TOML writes it in a line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {to_toml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(to_toml, value)) + "]"
    return json.dumps(value)


def pretrain(name, folder):
    """Pretrain an encoder and those it starts from, if that was not done."""
    if after := ENCODERS[name].get("after"):
        pretrain(after, folder)
    if not (folder / name / "config.json").exists():
        path = folder / f"{name}.toml"
        lines = [f"{key} = {to_toml(value)}\n" for key, value in config_of(name, folder).items()]
        path.write_text("".join(lines), encoding="utf-8")
        run_pretraining(path, write=lambda line: print(f"{name}: {line}", flush=True))


def prepare(cells, settings, work, jobs):
    folder = work / "pretraining"
    folder.mkdir(exist_ok=True)
    names = {cell["model"] for cell in cells} - set(SCRATCH.values())
    # A chain of encoders is one job.
    names -= {ENCODERS[name].get("after") for name in names}
    Parallel(jobs)(delayed(pretrain)(name, folder) for name in sorted(names))


def measure(cell, settings, work):
    # The results name no path of a machine, and no shipped encoder of the same name is taken.
    name = cell["model"]
    source = None if name in SCRATCH.values() else Path(name)
    model = settings["models"][name] | {"pretrained": source}
    with chdir(work / "pretraining"):
        return matbench_fold(cell, {"models": {name: model}}, work)


FAMILIES = {name: family for family, name in SCRATCH.items()}
FAMILIES |= {name: family_of(name) for name in ENCODERS}
OF_STRATEGIES = [name for name in FAMILIES if name.startswith(("roost-", "mtencoder-"))]
OTHERS = [name for name in FAMILIES if name not in OF_STRATEGIES]
PARTS = (
    {"model": OTHERS, "task": SMALL[:3], "fold": FOLDS},
    {"model": OTHERS, "task": SMALL[3:], "fold": (0,)},
    {"model": OF_STRATEGIES, "task": ("jdft2d", "phonons"), "fold": FOLDS},
)
MODELS = {name: {"family": family, "max_epochs": 30} for name, family in FAMILIES.items()}
STUDIES = [matbench_study("pretraining", MODELS, PARTS, measure, prepare=prepare)]
