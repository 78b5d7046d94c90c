from skmat.pretrained import ModelCard


def full_card():
    return ModelCard(
        name="mtencoder-oqmd",
        description="Knows oxides.",
        data="OQMD, 239,125 materials",
        licence="CC-BY-4.0",
        objectives=[{"name": "masked_elements", "ratio": 0.3}],
        metrics={"gap MAE (eV)": 0.123456},
        citation="Prein et al. 2023",
        date="2026-01-01",
        skmat_version="0.1",
        excluded="312 compositions of matbench_steels",
        epochs=30,
        config="[encoder]\nlr = 1e-3\n",
    )


def test_markdown_says_all_that_is_known():
    text = full_card().to_markdown()
    assert text.startswith("# mtencoder-oqmd\n\nKnows oxides.\n")
    for expected in (
        "- **Data**: OQMD, 239,125 materials",
        "- **Left out**: 312 compositions of matbench_steels",
        "- **Licence**: CC-BY-4.0",
        "- **Objectives**: {'name': 'masked_elements', 'ratio': 0.3}",
        "- **Epochs**: 30",
        "- **Metrics**: gap MAE (eV): 0.1235",
        "- **Citation**: Prein et al. 2023",
        "- **Trained**: 2026-01-01",
        "- **Written by**: skmat 0.1",
    ):
        assert expected in text.splitlines()
    assert text.endswith("\n```toml\n[encoder]\nlr = 1e-3\n```\n")


def test_markdown_is_silent_about_what_is_not_known():
    text = ModelCard(description="An encoder.").to_markdown()
    assert "# encoder" in text
    assert "Licence" not in text
    assert "Metrics" not in text
    assert "Epochs" not in text
    assert "```" not in text


def test_round_trip_skips_what_a_later_version_added():
    values = full_card().to_dict()
    assert ModelCard.from_dict(values) == full_card()
    assert ModelCard.from_dict({**values, "energy_used": 3}) == full_card()
    assert ModelCard.from_dict({}) == ModelCard()


def test_cards_share_no_lists():
    first, second = ModelCard(), ModelCard()
    first.objectives.append({})
    assert second.objectives == []


def test_the_screen_shows_what_is_known():
    text = repr(full_card())
    assert text.startswith("ModelCard of mtencoder-oqmd\n  Description    Knows oxides.\n")
    assert "  Objectives     masked_elements(ratio=0.3)\n" in text
    assert "  Metrics        gap MAE (eV): 0.1235\n" in text
    assert text.endswith("  Configuration  2 lines, see .config")
    assert "Derived from" not in text
    assert max(map(len, repr(ModelCard(data="mp, " * 100)).splitlines())) <= 88


def test_html_escapes_the_texts():
    html = ModelCard(name="<b>", licence="A & B")._repr_html_()
    assert "<strong>ModelCard of &lt;b&gt;</strong>" in html
    assert "A &amp; B" in html


def test_a_card_of_wrong_types_can_be_shown():
    assert "metrics = 'x'" in repr(ModelCard(metrics="x"))
