"""What pretraining is worth, and what its worth depends on.

``python benchmarks/studies.py --folder FOLDER`` with ``SKMAT_DATA`` set. For each study, every
encoder in it is pretrained as a configuration that is written to FOLDER says, and fine-tuned on
official folds of small Matbench tasks (`FOLDS`), as a network from scratch of the same size is.
Nothing here is chosen by what the test rows say. To fit the whole grid into hours of two cores,
encoders read a sixth of the corpus twice: compare them with one another, not with shipped ones.

The studies of Roost's strategies were run with ``--tasks jdft2d phonons``.

Pretraining and folds that were finished stay in FOLDER, so a killed run goes on where it was.
Scores go to benchmarks/results/studies/, from which ``studies_report.py`` makes tables and
pictures.
"""

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed

from skmat._utils.atomic import write_atomically
from skmat.benchmark import MatbenchResults, run_matbench
from skmat.cli.pretrain.run import run_pretraining
from skmat.composition import read_compositions
from skmat.datasets import fetch_formulas, fetch_matbench, fetch_oqmd, join_tables
from skmat.estimators import choose_family

RESULTS = Path(__file__).resolve().parent / "results" / "studies"
ALL = (0, 1, 2, 3, 4)
#: What is run by default. The larger tasks would take most of a day on all folds.
FOLDS = {
    **dict.fromkeys(("steels", "jdft2d", "phonons"), ALL),
    **dict.fromkeys(("expt_gap", "dielectric", "expt_is_metal", "glass"), (0,)),
}
#: The tasks whose compositions no encoder sees.
SMALL = (*FOLDS, "log_gvrh", "log_kvrh", "perovskites")
OQMD = ("e_form", "energy_pa", "volume_pa", "band_gap")
JARVIS = (
    "formation_energy_peratom", "ehull", "optb88vdw_bandgap", "mbj_bandgap",
    "bulk_modulus_kv", "shear_modulus_gv", "max_mode", "eps_average_sq", "magmom_oszicar",
    "n_Seebeck", "p_Seebeck", "n_powerfact", "p_powerfact",
)  # fmt: skip
EPOCHS = 2
N_COMPOSITIONS = 65_000


@dataclass(frozen=True)
class Recipe:
    """How an encoder is pretrained.

    Attributes
    ----------
    targets : tuple of str
        Properties of OQMD that are learned; none for masked elements alone.
    masked : float
        Share of each batch that is shown with masked elements; 0 for properties alone.
    ratio : float
        Probability that an element is masked.
    jarvis : bool
        Whether 13 properties of JARVIS are learned as well.
    weighting : str
        Weighting of the losses.
    after : str
        Encoder that the training goes on from.
    overlap : bool
        Whether compositions of the tasks stay in, of which a sixth is drawn as of all others.
    corpus : {"", "with tasks", "without tasks"}
        Two corpora that are equal but for the compositions of the tasks: one holds all of them
        that OQMD and the real compounds have, the other has other compositions in their places.
    real : bool
        Whether formulas of real compounds stand beside OQMD where they can teach anything.
    family : str
        Family of the network.
    preset : str
        Its size.
    further : tuple of str
        Other objectives, as a file has them.
    """

    targets: tuple[str, ...] = OQMD
    masked: float = 0.25
    ratio: float = 0.3
    jarvis: bool = False
    weighting: str = "equal"
    after: str = ""
    overlap: bool = False
    corpus: str = ""
    real: bool = True
    family: str = "mtencoder"
    preset: str = "base"
    further: tuple[str, ...] = ()

    def to_toml(self, name, folder):
        """Return the file that ``skmat pretrain`` takes."""
        objectives = [*self.further, *(["'properties'"] if self.targets else [])]
        if self.masked:
            objectives.append(
                f"{{name = 'masked_elements', ratio = {self.ratio}, share = {self.masked}}}"
            )
        # One of two corpora holds the real compounds already.
        source = f"'csv'\npath = '{self.corpus}.csv'" if self.corpus else "'oqmd'"
        tables = f"[[data.tables]]\nsource = {source}\ntargets = {list(self.targets or OQMD)}\n"
        if self.jarvis:
            tables += "[[data.tables]]\nsource = 'jarvis'\nprefix = 'jarvis_'\n"
            tables += f"targets = {list(JARVIS)}\n"
        if self.real and not self.corpus and (self.masked or self.further):
            # OQMD enumerates prototypes, whose elements cannot be guessed.
            tables += "[[data.tables]]\nsource = 'formulas'\n"
        weights = "loss_weights = 'sqrt_labels'\n" if self.jarvis else ""
        # Roost has none.
        dropout = "dropout = 0.0\n" if self.family == "mtencoder" else ""
        after = f"pretrained = '{folder / self.after}'\n" if self.after else ""
        exclude = [] if self.overlap or self.corpus else ["matbench_" + task for task in SMALL]
        return (
            f"[data]\nexclude = {exclude}\n"
            f"validation_fraction = 0.02\nmax_compositions = {N_COMPOSITIONS}\n{tables}"
            f"[encoder]\nfamily = '{self.family}'\npreset = '{self.preset}'\n"
            f"objectives = [{', '.join(objectives)}]\n"
            f"loss_weighting = '{self.weighting}'\n{weights}{after}max_epochs = {EPOCHS}\n"
            f"batch_size = 512\nlr = 2e-3\n{dropout}"
            f"[output]\nfolder = '{folder / name}'\nname = '{name}'\n"
        )


def write_corpora(folder):
    """Write the two corpora that differ by the compositions of the tasks, if there are none."""
    paths = {name: folder / f"{name}.csv" for name in ("with tasks", "without tasks")}
    if all(path.exists() for path in paths.values()):
        return
    oqmd = fetch_oqmd(targets=list(OQMD), as_frame=True).frame
    real = fetch_formulas().data
    formulas, labels = join_tables((oqmd.iloc[:, 0], oqmd.iloc[:, 1:]), (real, None))
    tasks = {task: fetch_matbench(task).data for task in SMALL}
    groups = read_compositions(np.concatenate([formulas, *tasks.values()])).group_ids()
    sizes = [len(formulas), *map(len, tasks.values())]
    corpus, *asked = np.split(groups, np.cumsum(sizes)[:-1])
    tested = dict(zip(tasks, asked, strict=True))
    free = np.flatnonzero(~np.isin(corpus, np.concatenate(asked)))
    others = np.random.default_rng(0).permutation(free)[:N_COMPOSITIONS]
    of_tasks = np.flatnonzero(np.isin(corpus, np.concatenate([tested[task] for task in FOLDS])))
    for task in FOLDS:
        held = np.isin(np.unique(tested[task]), corpus).mean()
        print(f"{task}: {held:.0%} of its compositions are in one of the corpora", flush=True)
    rows = np.concatenate([of_tasks, others[: N_COMPOSITIONS - len(of_tasks)]])
    for name, kept in zip(paths, (rows, others), strict=True):
        table = labels.iloc[kept].assign(formula=formulas[kept])
        write_atomically(paths[name], table.to_csv(index=False).encode())


#: The strategies of Huang, Magar and Barati Farimani (2024); the last is all of them together.
STRATEGIES = {
    "ssl": ("'barlow_twins'",),
    "fingerprint": ("'fingerprint'",),
    "multimodal": ("{name = 'multimodal', encoder = 'cgcnn-mp-multitask', max_atoms = 30}",),
}
ALONE = tuple(STRATEGIES)
STRATEGIES["combined"] = tuple(each for strategy in STRATEGIES.values() for each in strategy)

ENCODERS = {
    # Table 1 of the paper: four properties, three strategies.
    "mem": Recipe(targets=(), masked=1.0),
    **{f"supervised-{name}": Recipe(targets=(name,), masked=0) for name in OQMD},
    **{f"joint-{name}": Recipe(targets=(name,)) for name in OQMD},
    # Figure 2, right.
    **{f"mem-{r}": Recipe(targets=(), masked=1.0, ratio=r) for r in (0.1, 0.6, 0.9)},
    # Figure 3: more properties, a larger network; one property after the other.
    **{f"joint-{n}": Recipe(targets=OQMD[:n]) for n in (2, 3, 4)},
    "joint-17": Recipe(jarvis=True),
    "joint-17-deep": Recipe(jarvis=True, preset="deep"),
    "sequential-2": Recipe(targets=OQMD[1:2], masked=0, after="supervised-e_form"),
    "sequential-3": Recipe(targets=OQMD[2:3], masked=0, after="sequential-2"),
    "sequential-4": Recipe(targets=OQMD[3:4], masked=0, after="sequential-3"),
    "supervised-4": Recipe(masked=0),
    # Random loss weighting, learned weighting.
    **{
        f"joint-4-{name}": Recipe(weighting=name)
        for name in ("uncertainty", "rlw-normal", "rlw-mtencoder")
    },
    # The strategies for Roost, on Roost and on MTEncoder.
    **{
        f"{family}-{name}": Recipe(targets=(), masked=0, family=family, further=further)
        for family in ("roost", "mtencoder")
        for name, further in STRATEGIES.items()
    },
    # What is gained by having seen the materials of the tasks, though not their labels.
    "joint-4-without-tasks": Recipe(corpus="without tasks"),
    "joint-4-with-tasks": Recipe(corpus="with tasks"),
    # What hidden elements teach where formulas are enumerated.
    "mem-oqmd": Recipe(targets=(), masked=1.0, real=False),
    **{
        f"roost-{name}-overlap": Recipe(
            targets=(), masked=0, family="roost", further=STRATEGIES[name], overlap=True
        )
        for name in ALONE
    },
}
STUDIES = {
    "strategies": ["mem", *(f"{s}-{name}" for s in ("supervised", "joint") for name in OQMD)],
    "properties": [
        *("joint-e_form", "joint-2", "joint-3", "joint-4", "joint-17", "joint-17-deep"),
        *("supervised-e_form", "sequential-2", "sequential-3", "sequential-4", "supervised-4"),
    ],
    "masking": ["mem-0.1", "mem", "mem-0.6", "mem-0.9"],
    "weighting": ["joint-4", *(name for name in ENCODERS if ENCODERS[name].weighting != "equal")],
    "overlap": ["joint-4-without-tasks", "joint-4-with-tasks"],
    "real compounds": ["mem-oqmd", "mem"],
    "overlap of Roost": [f"roost-{name}{kept}" for name in ALONE for kept in ("", "-overlap")],
    "roost": [f"roost-{name}" for name in STRATEGIES],
    "roost strategies on MTEncoder": [f"mtencoder-{name}" for name in STRATEGIES],
}
#: What each family's encoders are compared with.
SCRATCH = {"mtencoder": "scratch", "roost": "roost-scratch"}


def pretrain(name, folder):
    """Pretrain one encoder, or find that it was done."""
    recipe = ENCODERS[name]
    if recipe.after:
        pretrain(recipe.after, folder)
    if (folder / name / "config.json").exists():
        return
    config = folder / f"{name}.toml"
    config.write_text(recipe.to_toml(name, folder), encoding="utf-8")
    run_pretraining(config, write=lambda line: print(f"{name}: {line}", flush=True))


def fine_tune(name, folder, arguments):
    """Run the tasks, each fold once, and keep the scores."""
    # Relative to the working folder, so that the results name no path of a machine.
    scratch = {each: family for family, each in SCRATCH.items()}
    source = None if name in scratch else Path(name)
    family = choose_family(scratch.get(name) or ENCODERS[name].family)
    settings = {"pretrained": source, "max_epochs": arguments.max_epochs}
    store = folder / "folds" / name
    for task in arguments.tasks:
        run_matbench(
            {
                "regression": family.regressor(**settings),
                "classification": family.classifier(**settings),
            },
            [task],
            folds=arguments.folds or FOLDS[task],
            results_dir=store,
            name=name,
            n_jobs=arguments.n_jobs,
            verbose=1,
        )
    # With what earlier runs left there.
    MatbenchResults.load(store).save_scores(RESULTS / f"{name}.json")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--studies", nargs="+", choices=STUDIES, default=list(STUDIES))
    parser.add_argument("--tasks", nargs="+", choices=FOLDS, default=list(FOLDS))
    parser.add_argument("--folds", type=int, nargs="+", help="default: those of the table")
    parser.add_argument("--max-epochs", type=int, default=30, help="of fine-tuning")
    parser.add_argument("--n-jobs", type=int, default=2)
    parser.add_argument("--pretrain-only", action="store_true")
    arguments = parser.parse_args()
    folder = arguments.folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    RESULTS.mkdir(parents=True, exist_ok=True)
    # Before the processes that fit are started, which inherit it.
    os.chdir(folder)
    names = list(dict.fromkeys(name for study in arguments.studies for name in STUDIES[study]))
    # The chain of encoders that go on from one another is one job.
    chained = {ENCODERS[name].after for name in names}
    jobs = [name for name in names if name not in chained]
    if any(ENCODERS[name].corpus for name in jobs):
        write_corpora(folder)
    Parallel(arguments.n_jobs)(delayed(pretrain)(name, folder) for name in jobs)
    if not arguments.pretrain_only:
        for name in [*{SCRATCH[ENCODERS[name].family]: 0 for name in names}, *names]:
            fine_tune(name, folder, arguments)


if __name__ == "__main__":
    main()
