from pathlib import Path

import pytest

from skmat import MTEncoder
from skmat.cli.pretrain.config import TableConfig, read_config
from skmat.datasets._matbench_tasks import MATBENCH_TASKS
from skmat.estimators import FAMILIES
from skmat.exceptions import InvalidInputError
from skmat.objectives import BarlowTwins, MaskedElements

MINIMAL = """
[data]
tables = [{source = "formulas"}]
[output]
folder = "out"
"""


@pytest.fixture
def read(tmp_path):
    def read(text):
        (tmp_path / "config.toml").write_text(text)
        return read_config(tmp_path / "config.toml")

    return read


def test_fingerprints_with_settings(read):
    head = "[[data.tables]]\nsource = 'formulas'\n[output]\nfolder = 'out'\n[encoder]\n"
    config = read(head + "objectives = [{name = 'fingerprint', scale = 0.1, hidden = [8]}]")
    (objective,) = config.encoder["objectives"]
    assert (objective.name, objective.scale, objective.hidden) == ("fingerprint", 0.1, (8,))
    assert objective.scaling == "min-max"
    with pytest.raises(InvalidInputError, match="unknown key 'teacher'"):
        read(head + "objectives = [{name = 'fingerprint', teacher = 'Magpie'}]")


def test_names_of_one_class_are_told_apart(read):
    """Both are Barlow Twins, and are called so in histories."""
    settings = "objectives = [{name = 'barlow_twins', ratio = 0.2}]"
    config = read(f"{MINIMAL}[encoder]\n{settings}")
    assert config.encoder["objectives"] == [BarlowTwins(ratio=0.2)]
    settings = settings.replace("barlow_twins", "crystal_twins")
    config = read(f"{MINIMAL}[encoder]\nfamily = 'cgcnn'\n{settings}")
    expected = BarlowTwins(ratio=0.2, masked="both", edge_ratio=0.1)
    assert config.encoder["objectives"] == [expected]


@pytest.mark.parametrize(
    ("objective", "message"),
    [
        ("{name = 'barlow_twins', ratio = 'x'}", "'barlow_twins' ratio is 'x'[.] .* be a number"),
        ("{name = 'barlow_twins', width = 1.5}", "width is 1.5[.] It must be a whole number"),
        ("{name = 'barlow_twins', hidden = 8}", "hidden is 8[.] It must be a list of whole num"),
        (
            "{name = 'barlow_twins', hidden = [[8]]}",
            "hidden is .*[.] It must be a list of wh",
        ),
        ("{name = 'barlow_twins', scale = true}", "scale is True[.] It must be a number or text"),
        ("{name = 'masked_elements', at_least_one = 1}", "is 1[.] It must be true or false"),
        ("{name = 'masked_elements', scheme = 1}", "scheme is 1[.] It must be text"),
        ("{name = 'properties', hidden = 'x'}", "hidden is 'x'[.] It must be a list of whole num"),
        ("{name = 'multimodal', max_atoms = 'x'}", "'multimodal' max_atoms is 'x'[.] .* a number"),
        ("{name = 'multimodal', encoder = 1}", "encoder is 1[.] It must be text"),
        # Of the right type, and refused by the objective itself.
        ("{name = 'barlow_twins', ratio = 2}", "'barlow_twins': ratio must be above 0"),
        ("3", "has 3[.] Each must be text or a table"),
        ("['properties']", "has .*[.] Each must be text or a table"),
    ],
)
def test_values_of_objectives_that_cannot_be_meant(read, objective, message):
    with pytest.raises(InvalidInputError, match=rf"config.toml: \[encoder\] .*{message}"):
        read(f"{MINIMAL}[encoder]\nobjectives = [{objective}]")


def test_a_crystal_teacher(read, tmp_path):
    head = "[[data.tables]]\nsource = 'formulas'\n[output]\nfolder = 'out'\n[encoder]\n"
    settings = "name = 'multimodal', encoder = 'teacher', max_atoms = 9, loss = 'cosine'"
    (tmp_path / "teacher").mkdir()
    (objective,) = read(head + f"objectives = [{{{settings}}}]").encoder["objectives"]
    assert (objective.name, objective.loss) == ("multimodal", "cosine")
    # A folder is found from wherever the command is run; the name of shipped weights stays one.
    assert objective.teacher.encoder == str(tmp_path / "teacher")
    assert objective.teacher.max_atoms == 9
    (objective,) = read(head + "objectives = [{name = 'multimodal'}]").encoder["objectives"]
    assert objective.teacher.encoder == "cgcnn-mp-multitask"
    objective = read(head + "objectives = 'multimodal'").encoder["objectives"]
    assert objective.teacher.encoder == "cgcnn-mp-multitask"
    with pytest.raises(InvalidInputError, match="unknown key 'structure'"):
        read(head + "objectives = [{name = 'multimodal', structure = 'mp'}]")


def test_crystals_may_be_limited_in_size(read):
    text = MINIMAL.replace("[output]", "max_atoms = 30\n[encoder]\nfamily = 'cgcnn'\n[output]")
    assert read(text).max_atoms == 30
    assert read(MINIMAL).max_atoms is None


def test_a_whole_file(read, tmp_path):
    text = """
[data]
exclude = ["matbench_steels", "tested.csv"]
exclude_column = "name"
validation_fraction = 0.1
random_state = 7
max_compositions = 9
data_home = "somewhere"

[[data.tables]]
source = "mp"
targets = ["e_form"]
version = "2018"
prefix = "mp_"
log10 = ["e_form"]

[[data.tables]]
source = "csv"
path = "gaps.csv"
targets = ["gap"]
units = {gap = "eV"}

[encoder]
preset = "tiny"
objectives = ["properties", {name = "masked_elements", ratio = 0.2, hidden = [8]}]
loss_weights = {gap = 2.0}

[output]
folder = "out"
dtype = "bf16"
name = "small"
licence = "MIT"
"""
    config = read(text)
    assert config.text == text
    assert config.tables == [
        TableConfig("mp", "mp_", {"targets": ["e_form"], "version": "2018"}, ("e_form",)),
        TableConfig(
            "csv",
            "",
            {
                "path": tmp_path / "gaps.csv",
                "formula_column": "formula",
                "targets": ["gap"],
                "classes": [],
                "units": {"gap": "eV"},
            },
        ),
    ]
    assert [table.name for table in config.tables] == ["mp", "gaps.csv"]
    assert config.exclude == ["matbench_steels", tmp_path / "tested.csv"]
    assert (config.exclude_column, config.validation_fraction) == ("name", 0.1)
    assert (config.split_seed, config.data_home) == (7, "somewhere")
    assert config.max_compositions == 9
    objectives = config.encoder["objectives"]
    assert objectives == ["properties", MaskedElements(ratio=0.2, hidden=(8,))]
    assert config.encoder["random_state"] == 0
    MTEncoder(**config.encoder)
    assert (config.folder, config.dtype) == (tmp_path / "out", "bf16")
    assert config.card["licence"] == "MIT"


def test_a_table_of_several_is_called_by_its_own_name(read):
    tables = [("matbench", "task = 'steels'"), ("matminer", "name = 'elastic'")]
    entries = ", ".join(f"{{source = '{source}', {which}}}" for source, which in tables)
    config = read(MINIMAL.replace('{source = "formulas"}', entries))
    assert [table.name for table in config.tables] == ["matbench steels", "matminer elastic"]
    assert config.tables[1].options == {"name": "elastic"}


def test_a_short_file(read):
    config = read(MINIMAL)
    assert config.tables == [TableConfig("formulas")]
    assert config.exclude == []
    assert config.encoder == {"random_state": 0}
    assert config.dtype == "float32"


def test_a_pretrained_folder_is_looked_for_beside_the_file(read, tmp_path):
    (tmp_path / "earlier").mkdir()
    text = MINIMAL + "[encoder]\npretrained = "
    assert read(text + "'earlier'").encoder["pretrained"] == str(tmp_path / "earlier")
    assert read(text + "'shipped-name'").encoder["pretrained"] == "shipped-name"


CSV = 'source = "csv", path = "a.csv"'


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "[data]",
            "[dat]",
            r"the file has the unknown key 'dat'. Known keys are data, encoder, output",
        ),
        (
            "tables =",
            "table =",
            r"\[data\] has the unknown key 'table'. Known keys are tables, exclude",
        ),
        ('tables = [{source = "formulas"}]', "", r"\[data\] lacks 'tables'"),
        ('[{source = "formulas"}]', "[]", "needs at least one entry"),
        ('[{source = "formulas"}]', '["formulas"]', r"tables\]\] 1 is 'formulas'[.] .* a table"),
        (
            '"formulas"}',
            '"formula"}',
            "source 'formula'. Known sources are oqmd, formulas,.* csv",
        ),
        (
            '"formulas"}',
            '"oqmd", target = []}',
            "'target'. Known keys are source, prefix, log10, targets, out",
        ),
        ('"formulas"}', '"oqmd", exclude = []}', "unknown key 'exclude'"),
        ('source = "formulas"', 'source = "matbench"', "lacks 'task'"),
        ('source = "formulas"', 'source = "matminer"', "lacks 'name'"),
        ('source = "formulas"', 'source = "matminer", name = 1', "name is 1[.] It must be text"),
        ('source = "formulas"', 'source = "csv"', r"tables\]\] 1 lacks 'path'"),
        ('source = "formulas"', f"{CSV}, targets = 'a'", "targets is 'a'[.] It must be a list"),
        ('source = "formulas"', f"{CSV}, targets = [1]", "must be a list of texts"),
        (
            'source = "formulas"',
            f"{CSV}, target = []",
            "Known keys are source, prefix, log10, path, formula_c",
        ),
        ("[output]", "validation_fraction = 1\n[output]", "validation_fraction is 1. Give 0 to"),
        ("[output]", "validation_fraction = true\n[output]", "is True[.] It must be a number"),
        ("[output]", "max_compositions = 0\n[output]", "max_compositions is 0. Give at least 1"),
        ("[output]", "exclude = 'steels'\n[output]", "exclude is 'steels'[.] It must be a list"),
        (
            "[output]",
            "[encoder]\nepochs = 3\n[output]",
            "'epochs'. Known keys are family, p",
        ),
        (
            "[output]",
            "[encoder]\nfamily = 'gcn'\n[output]",
            "family 'gcn'. Known families are",
        ),
        ("[output]", "max_atoms = 30\n[output]", "max_atoms, but mtencoder reads formulas"),
        (
            "[output]",
            "[encoder]\nfamily = 'roost'\nreadout = 'cpd'\n[output]",
            "unknown key 'readout'",
        ),
        ("[output]", "[encoder]\nverbose = 1\n[output]", "unknown key 'verbose'"),
        ("[output]", "[encoder]\ncheckpoint_dir = 'a'\n[output]", "unknown key 'checkpoint_dir'"),
        (
            "[output]",
            "[encoder]\nobjectives = [{name = 'joint'}]\n[output]",
            "name 'joint' for one",
        ),
        (
            "[output]",
            "[encoder]\nobjectives = [{name = 'masked_elements', part = 1}]\n[output]",
            "'masked_elements' has the unknown key 'part'. Known keys are name, ratio",
        ),
        ('folder = "out"', "", r"\[output\] lacks 'folder'"),
        ('folder = "out"', "folder = 3", "folder is 3[.] It must be text"),
        (
            'folder = "out"',
            "folder = 'a'\nauthor = 'b'",
            "key 'author'. Known keys are folder",
        ),
        ("[data]", "[data", "is not valid TOML"),
        ("[data]", "[dat]", "The nearest is 'data'"),
        ('"formulas"}', '"formula"}', "The nearest is 'formulas'"),
        ("[output]", "[encoder]\nfamily = 'rost'\n[output]", "The nearest is 'roost'"),
        (
            "[output]",
            "[encoder]\npreset = 'tny'\n[output]",
            r"\[encoder\] preset is 'tny'[.] It must be one of 'tiny', 'base', .*"
            r"'large'[.] The nearest is 'tiny'[.]$",
        ),
        (
            "[output]",
            "[encoder]\ntrainable = 'lats'\n[output]",
            "trainable is 'lats'[.] .* The nearest is 'last'",
        ),
        ("[output]", "[encoder]\nschedule = 'warm'\n[output]", "'constant', 'one_cycle'[.]$"),
        ("[output]", "[encoder]\nmax_epochs = 'ato'\n[output]", "The 'max_epochs' .* 'ato' "),
        ("[output]", "[encoder]\nlr = -1\n[output]", r"\[encoder\] The 'lr' parameter .* -1 "),
        ("[output]", "[encoder]\nobjectives = ['mask']\n[output]", r"\[encoder\] .*'mask'"),
        (
            'folder = "out"',
            "folder = 'out'\ndtype = 'float16'",
            r"\[output\] dtype is 'float16'[.] .* The nearest is 'float32'",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(read, old, new, message):
    assert old in MINIMAL
    with pytest.raises(InvalidInputError, match=rf"config.toml:? .*{message}"):
        read(MINIMAL.replace(old, new, 1))


def test_a_missing_file(tmp_path):
    for path in (tmp_path / "no.toml", tmp_path):
        with pytest.raises(InvalidInputError, match="does not exist"):
            read_config(path)


CONFIGS = sorted((Path(__file__).parents[3] / "studies" / "configs").glob("*.toml"))


def test_there_are_configurations_to_check():
    assert {path.stem for path in CONFIGS} >= {
        "mtencoder-oqmd-mem",
        "mtencoder-oqmd-supervised",
        "mtencoder-oqmd-joint",
    }


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_committed_configurations_can_be_read(path):
    config = read_config(path)
    FAMILIES[config.family].encoder(**config.encoder)._validate_params()
    # Crystals learn the elastic moduli, which are the labels of two tasks of 11,000.
    most = 20_000 if FAMILIES[config.family].input == "formula" else 6_000
    small = [name for name, task in MATBENCH_TASKS.items() if task.n_samples < most]
    # "-all" leaves nothing out, for comparison with published numbers, and is not shipped.
    assert set(config.exclude) >= set(small) or path.stem.endswith("-all")
    assert config.card["name"] == config.folder.name == path.stem


@pytest.mark.parametrize("path", ["~nobody-of-this-name/a", "x" * 300, "a\\u0000b"])
@pytest.mark.parametrize(
    "line",
    [
        "[output]\nfolder = '%'\n",
        "[output]\nfolder = 'out'\n[data]\nexclude = ['%.csv']\n",
        "[output]\nfolder = 'out'\n[encoder]\npretrained = '%'\n",
        "[output]\nfolder = 'out'\n[[data.tables]]\nsource = 'csv'\npath = '%'\n",
    ],
    ids=range(4),
)
def test_paths_that_no_file_system_has_are_refused(tmp_path, line, path):
    file = tmp_path / "config.toml"
    text = line.replace("'%'", f'"{path}"').replace("'%.csv'", f'"{path}.csv"')
    if "[[data" not in text and "[data]" not in text:
        text += "[[data.tables]]\nsource = 'oqmd'\n"
    elif "[data]" in text:
        text += "tables = [{source = 'oqmd'}]\n"
    file.write_text(text)
    with pytest.raises(InvalidInputError, match=r"config.toml: path=.* is not a valid path: "):
        read_config(file)


@pytest.mark.parametrize(
    "content", [b"a = " + b"[" * 100_000, b"a = " + b"9" * 5000, b"\xff", b"a", b"a = {b = "]
)
def test_what_is_no_toml_is_refused(tmp_path, content):
    (tmp_path / "config.toml").write_bytes(content)
    with pytest.raises(InvalidInputError, match=r"config.toml is not valid TOML"):
        read_config(tmp_path / "config.toml")


@pytest.mark.parametrize("path", ["x" * 300, "a\0b"])
def test_a_configuration_of_no_name_is_refused(path):
    with pytest.raises(InvalidInputError, match=r"config_file=.* is not a valid path"):
        read_config(path)
