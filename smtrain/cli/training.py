"""Options of the commands that train."""

import click

from smtrain.cli import kinds
from smtrain.cli import options as opt

# What is minimised, and how.
objective_options = opt.stacked(
    click.option(
        "--class-weight",
        type=kinds.Text(),
        metavar="SPEC",
        callback=opt.class_weight,
        help="balanced, or NAME=WEIGHT,….",
    ),
    opt.l2_option(auto=True),
    click.option(
        "--l1",
        type=kinds.NumberOr(kinds.Number(0), "auto"),
        default=opt.DEFAULTS.l1,
        show_default=True,
        help=f"Penalty l1 ‖W‖₁ besides{opt.AUTO}; sets weights to exactly zero.",
    ),
    click.option(
        "--solver",
        type=opt.solver_choice,
        help="[default: lbfgs; proximal with --l1; gd with a learning rate or batch size]",
    ),
    click.option(
        "--epochs", type=kinds.Integer(0), default=opt.DEFAULTS.epochs, show_default=True, help="Most passes."
    ),
    click.option(
        "--tol",
        type=kinds.Number(0),
        help="Relative gap to the optimum at which to stop.  [default: 1e-4; 1e-10 with no penalty or --se]",
    ),
    click.option("--learning-rate", type=kinds.Number(0, open_low=True), help="α of gd.  [default: the safe 1/L]"),
    click.option("--batch-size", type=kinds.Integer(1), help="Rows of a mini-batch of gd.  [default: all]"),
    click.option("--momentum", type=kinds.Number(0, 0.999999), default=opt.DEFAULTS.momentum, show_default=True),
    click.option(
        "--validation",
        type=kinds.NumberOrData(kinds.Number(0, 0.9, open_low=True)),
        metavar="SHARE|FILE",
        help="Set so large a share of the rows aside, or use a file, to show the NLL of rows that are not trained on.",
    ),
    click.option(
        "--patience",
        type=kinds.Integer(1),
        metavar="EPOCHS",
        help="Stop after so many without a lower validation NLL; keep the best.",
    ),
    click.option("--calibrate", is_flag=True, help="Fit a temperature on the validation rows."),
)
one_se_option = click.option(
    "--one-se", is_flag=True, help="With auto, the largest penalty within a standard error of the best."
)
# What is drawn at random, and what the machine gives.
computing_options = opt.stacked(
    opt.seed_option,
    click.option(
        "--precision",
        type=click.Choice(["auto", "float32", "float64"]),
        default=opt.DEFAULTS.precision,
        show_default=True,
    ),
    opt.threads_option,
    opt.memory_option,
)
convergence_option = click.option(
    "--require-convergence", is_flag=True, help="Exit with 5 if the tolerance was not reached."
)
