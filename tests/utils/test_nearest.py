import pytest

from skmat._utils.nearest import nearest_hint


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("tny", " The nearest is 'tiny'"),
        ("BASE", " The nearest is 'base'"),
        ("in", " The nearest is 'tiny'"),
        ("", ""),
        ("xxxxxx", ""),
        (3, ""),
    ],
)
def test_only_near_names_are_proposed(given, hint):
    assert nearest_hint(given, ["tiny", "base"]) == hint
