"""Commands run in this process."""

from skmat.cli import main as cli

#: Options of `skmat predict` that let its numbers equal those of the estimator.
ALL_DIGITS = ("--digits", "all")


def run(*arguments):
    return cli.main([str(argument) for argument in arguments])


def fails(capsys, *arguments):
    """Return the message of a command that must fail, in one piece and without a traceback."""
    capsys.readouterr()
    assert run(*arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"skmat {arguments[0]}: error: ")
    assert "Traceback" not in error
    return error
