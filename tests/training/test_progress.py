from skmat.training import train


def test_the_bar_shows_losses_and_speed(make_model, make_settings, make_data, capsys):
    train(make_model(), make_settings(max_epochs=2, verbose=1), make_data(10), make_data(5))
    shown = capsys.readouterr().err
    assert "2/2" in shown
    for word in ("train=", "valid=", "materials/s="):
        assert word in shown


def test_silence_otherwise(make_model, make_settings, make_data, capsys):
    train(make_model(), make_settings(patience=1), make_data(10), make_data(5))
    assert capsys.readouterr() == ("", "")
