"""What pretraining is worth, and what that depends on: objectives, properties, formulas.

Each encoder reads a sixth of the corpus twice and is fine-tuned for 30 epochs, so that the grid
takes hours of two cores. Compare the encoders with one another, not with shipped ones.
"""

import json
from contextlib import chdir
from pathlib import Path

from cells import FOLDS, SMALL, UNSEEN, matbench_fold
from joblib import Parallel, delayed
from runner import MatbenchStudy, grid

from skmat.cli.pretrain.run import run_pretraining

OQMD = ("e_form", "energy_pa", "volume_pa", "band_gap")
JARVIS = (
    "formation_energy_peratom", "ehull", "optb88vdw_bandgap", "mbj_bandgap",
    "bulk_modulus_kv", "shear_modulus_gv", "max_mode", "eps_average_sq", "magmom_oszicar",
    "n_Seebeck", "p_Seebeck", "n_powerfact", "p_powerfact",
)  # fmt: skip
N_COMPOSITIONS = 65_000
#: The strategies of Huang, Magar and Barati Farimani (2024).
STRATEGIES = {
    "ssl": ["barlow_twins"],
    "fingerprint": ["fingerprint"],
    "multimodal": [{"name": "multimodal", "encoder": "cgcnn-mp-multitask", "max_atoms": 30}],
}
ALONE = tuple(STRATEGIES)
STRATEGIES["combined"] = [objective for name in ALONE for objective in STRATEGIES[name]]
SUPERVISED = ["properties"]


def masked(share=1.0, ratio=0.3):
    """Return the objective: a share of each batch, an element masked with a probability."""
    return {"name": "masked_elements", "ratio": ratio, "share": share}


#: How encoders differ from this one. `after` names the encoder it starts from. `real` adds
#: formulas of real compounds where they teach anything. `overlap` leaves compositions of the tasks
#: in.
JOINT = {"targets": OQMD, "objectives": [*SUPERVISED, masked(0.25)], "real": True}
ENCODERS = {
    "mem": {"objectives": [masked()]},
    **{f"supervised-{name}": {"targets": (name,), "objectives": SUPERVISED} for name in OQMD},
    **{f"joint-{name}": {"targets": (name,)} for name in OQMD},
    **{f"mem-{ratio}": {"objectives": [masked(ratio=ratio)]} for ratio in (0.1, 0.6, 0.9)},
    **{f"joint-{n}": {"targets": OQMD[:n]} for n in (2, 3, 4)},
    "joint-17": {"jarvis": True},
    "joint-17-deep": {"jarvis": True, "preset": "deep"},
    **{
        f"sequential-{n}": {"targets": OQMD[n - 1 : n], "objectives": SUPERVISED, "after": after}
        for n, after in ((2, "supervised-e_form"), (3, "sequential-2"), (4, "sequential-3"))
    },
    "supervised-4": {"objectives": SUPERVISED},
    **{f"joint-4-{w}": {"weighting": w} for w in ("uncertainty", "rlw-normal", "rlw-mtencoder")},
    **{
        f"{family}-{name}": {"family": family, "objectives": objectives}
        for family in ("roost", "mtencoder")
        for name, objectives in STRATEGIES.items()
    },
    "mem-oqmd": {"objectives": [masked()], "real": False},
    **{
        f"roost-{name}-overlap": {
            "family": "roost", "objectives": STRATEGIES[name], "overlap": True
        }
        for name in ALONE
    },
}  # fmt: skip
#: By question, what is compared.
GROUPS = {
    "strategies": ["mem", *(f"{s}-{name}" for s in ("supervised", "joint") for name in OQMD)],
    "properties": [
        *("joint-e_form", "joint-2", "joint-3", "joint-4", "joint-17", "joint-17-deep"),
        *("supervised-e_form", "sequential-2", "sequential-3", "sequential-4", "supervised-4"),
    ],
    "masking": ["mem-0.1", "mem", "mem-0.6", "mem-0.9"],
    "weighting": ["joint-4", *(name for name in ENCODERS if "weighting" in ENCODERS[name])],
    "overlap": ["joint-4-without-tasks", "joint-4-with-tasks"],
    "real compounds": ["mem-oqmd", "mem"],
    "overlap of Roost": [f"roost-{name}{kept}" for name in ALONE for kept in ("", "-overlap")],
    "roost": [f"roost-{name}" for name in STRATEGIES],
    "roost strategies on MTEncoder": [f"mtencoder-{name}" for name in STRATEGIES],
}
#: What the encoders of each family are compared with.
SCRATCH = {"mtencoder": "scratch", "roost": "roost-scratch"}


def family_of(name):
    return ENCODERS.get(name, {}).get("family", "mtencoder")


def config_of(name, folder):
    """Return the configuration of ``skmat pretrain`` for an encoder."""
    recipe = JOINT | ENCODERS[name]
    family = family_of(name)
    tables = [{"source": "oqmd", "targets": recipe["targets"]}]
    if recipe.get("jarvis"):
        tables.append({"source": "jarvis", "prefix": "jarvis_", "targets": JARVIS})
    if recipe["real"] and recipe["objectives"] != SUPERVISED:
        tables.append({"source": "formulas"})
    return {
        "data": {
            "exclude": [] if "overlap" in recipe else [f"matbench_{task}" for task in UNSEEN],
            "validation_fraction": 0.02,
            "max_compositions": N_COMPOSITIONS,
            "tables": tables,
        },
        "encoder": {
            "family": family, "preset": recipe.get("preset", "base"),
            "objectives": recipe["objectives"],
            "loss_weighting": recipe.get("weighting", "equal"),
            "max_epochs": 2, "batch_size": 512, "lr": 2e-3,
            **({"loss_weights": "sqrt_labels"} if recipe.get("jarvis") else {}),
            **({"dropout": 0.0} if family == "mtencoder" else {}),
            **({"pretrained": str(folder / recipe["after"])} if "after" in recipe else {}),
        },
        "output": {"folder": str(folder / name), "name": name},
    }  # fmt: skip


def to_toml(value):
    """Return a value of a configuration as TOML writes it in a line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {to_toml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
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


MODELS = {
    **{name: {"family": family, "max_epochs": 30} for family, name in SCRATCH.items()},
    **{name: {"family": family_of(name), "max_epochs": 30} for name in ENCODERS},
}
OF_STRATEGIES = [
    n for n in MODELS if n.startswith("roost-") or n in GROUPS["roost strategies on MTEncoder"]
]
OTHERS = [name for name in MODELS if name not in OF_STRATEGIES]
STUDIES = [
    MatbenchStudy(
        "pretraining",
        [
            *grid(model=OTHERS, task=SMALL[:3], fold=FOLDS),
            *grid(model=OTHERS, task=SMALL[3:], fold=(0,)),
            *grid(model=OF_STRATEGIES, task=("jdft2d", "phonons"), fold=FOLDS),
        ],
        measure,
        {"models": MODELS},
        prepare,
    )
]
