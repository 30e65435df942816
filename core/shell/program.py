"""The command line, from its arguments to the code that it ends with.

0: done. 1: `distribute` has written its lines, but its run diverged. 2: refused, with a sentence. 130: interrupted.
"""

import logging

import click

from core.experiments.registry import OFFERS
from core.lab.remote import LabError
from core.shell.commands import offer_command, shell_commands
from core.shell.lines import print_sentence
from core.shell.runs import runs_group


def app() -> click.Group:
    """All commands."""
    commands = [*(offer_command(*each) for each in OFFERS.items()), *shell_commands(), runs_group()]
    return click.Group(
        "core",
        {str(each.name): each for each in commands},
        help="Batchscope from a shell. What is run writes one JSON object a line.",
        no_args_is_help=False,
    )


def run() -> int:
    logging.getLogger("batchscope").addHandler(logging.NullHandler())  # what goes wrong is printed once
    try:
        return app().main(prog_name="python -m core", standalone_mode=False, max_content_width=120) or 0
    except click.Abort:
        return 130
    except click.ClickException as error:
        print_sentence(error.format_message())
    except OSError as error:
        print_sentence(f"“{error.filename}”: {error.strerror}" if error.filename else str(error))
    except (ValueError, LabError) as error:
        print_sentence(str(error))
    return 2
