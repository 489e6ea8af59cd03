"""What `compile` and `plan` share: which layers, with which parameters, built how."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, cast

from tnc.cli import devices, terminal, values
from tnc.cli.configuration import CHOICES, Configuration
from tnc.cli.exits import Exit, Stop, reason, unreadable, usage
from tnc.cli.values import Value
from tnc.diagnostics import CompileError

if TYPE_CHECKING:
    from tnc.driver.front import Unit
    from tnc.driver.options import Backward, Objective, Options, Request
    from tnc.driver.tuner import Tuner
    from tnc.elaborate import Settable
    from tnc.ir.layer import Layer
    from tnc.plan.profile import Profile


def add_target(parser: argparse.ArgumentParser) -> None:
    """The one layer that a command is about."""
    parser.add_argument(
        "target",
        metavar="FILE[:LAYER]",
        help="a layer of a .tnn file (- for stdin) or of `std.nets`",
    )


def add(parser: argparse.ArgumentParser) -> None:
    """The options that decide what is built."""
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE,...",
        help="parameters of the layer, as R=8,S=[4,4],Conv=CP(R: 4), or of layers inside, as "
        "Stage.R=8; the shell wants quotes around brackets",
    )
    parser.add_argument(
        "--bind",
        action="append",
        default=[],
        metavar="MODE=SIZE,...",
        help="sizes of run-time modes that the plan is made for (every size works): n=128,h=32",
    )
    parser.add_argument(
        "--objective", choices=CHOICES["objective"], help="what to minimise (default: time)"
    )
    parser.add_argument(
        "--memory-limit",
        metavar="AMOUNT",
        help="what forward and backward may have allocated at once, besides inputs and weights, at "
        "the sizes of the plan: 2GiB, 500MB",
    )
    parser.add_argument(
        "--profile",
        metavar="cpu|cuda|machine|FILE",
        help="the machine that the plan is made for (default: cpu); `machine` is this one, as "
        "`tnc calibrate` has measured it",
    )
    parser.add_argument(
        "--tune",
        action="store_true",
        help="measure several orders of every layer here, at the sizes of the plan, and take the "
        "quickest; on a GPU with `--profile cuda`",
    )
    parser.add_argument(
        "--tune-seconds",
        metavar="S",
        help="for how long to measure each layer (default: 10), anew where it was another time; "
        "implies `--tune`",
    )


def options(
    arguments: argparse.Namespace,
    configuration: Configuration,
    *,
    backward: str = "derived",
    cache: bool = True,
    verify: bool = False,
) -> Options:
    """How to build, from the flags and what is configured."""
    from tnc.driver.options import Options

    objective = configuration.choice("objective", arguments.objective, "time")
    profile = configuration.profile(arguments.profile, "cpu")
    return Options(
        binding=values.sizes(configuration.binding(arguments.bind)),
        objective=cast("Objective", objective),
        backward=cast("Backward", backward),
        profile=_profile(profile),
        cache=cache,
        verify=verify,
        memory_limit=_memory_limit(arguments.memory_limit),
        tuner=_tuner(arguments, objective, profile),
    )


def _tuner(arguments: argparse.Namespace, objective: str, profile: str) -> Tuner | None:
    """What measures orders, if that is asked for: where `bench` measures, or else where the profile
    says."""
    if not arguments.tune and arguments.tune_seconds is None:
        return None
    if objective != "time":
        raise usage(f"`--tune` measures time: it does not go with `--objective {objective}`")
    seconds = values.positive(
        "--tune-seconds", "10" if arguments.tune_seconds is None else arguments.tune_seconds
    )
    named = getattr(arguments, "device", None)
    device = named or ("cuda" if profile == "cuda" else "cpu")
    devices.check(device, "--device" if named else "--profile")
    from tnc.api import tuning

    given = getattr(arguments, "threads", None)
    threads = None if given is None else values.whole("--threads", given)
    progress = terminal.Progress(None)
    setting = tuning.setting(device, seconds, threads)
    return tuning.Stopwatch(setting, lambda layer: progress.step(f"tuning {layer}"), progress.clear)


def _memory_limit(text: str | None) -> int | None:
    from tnc.driver.limit import amount

    try:
        return None if text is None else amount(text)
    except ValueError as error:
        raise usage(f"`--memory-limit`: {error}") from None


def requests(
    unit: Unit,
    wanted: Sequence[str | None],
    given: Mapping[str, Value],
    elsewhere: Collection[str] = (),
) -> tuple[Request, ...]:
    """The layers to build, each with those parameters that it has.

    None stands for every layer whose parameters are all set. A parameter that none of them has,
    nor is meant for layers `elsewhere`, goes to the first one, whose elaboration reports it, as
    it does a layer that is not there.
    """
    from tnc.driver.requests import distribute

    layers_of(unit)
    names = [name for each in wanted for name in ([each] if each else _complete(unit, given))]
    return distribute(unit, list(dict.fromkeys(names)), given, elsewhere)


def check_binding(layers: Iterable[Layer], flags: Iterable[str]) -> None:
    """Every mode that `--bind` names must be a run-time mode of one of the layers.

    What is configured for all layers may bind modes that these ones do not have.
    """
    from tnc.driver.binding import refused

    modes = values.sizes(("`--bind`", text) for text in flags)
    if (why := refused(layers, modes)) is not None:
        raise usage(why)


def parameters_of(unit: Unit) -> set[str]:
    """The names of the parameters of all layers of a file."""
    return {each.name for layer in layers_of(unit) for each in layer.parameters}


def layers_of(unit: Unit) -> tuple[Settable, ...]:
    """The layers of a file, in order; CompileError if it has syntax errors."""
    from tnc.elaborate import offered

    if any(each.severity == "error" for each in unit.said):
        raise CompileError(unit.said)
    found = offered(unit.module)
    if not found:
        raise Stop(Exit.REFUSED, f"error: there is no layer in `{unit.source.name}`")
    return found


def only(unit: Unit, file: str, given: dict[str, Value]) -> str:
    """The one layer that can be planned; which ones there are if that is not clear."""
    layers = layers_of(unit)
    complete = [layer for layer in layers if not layer.missing(given)]
    for candidates in (layers, complete):
        if len(candidates) == 1:
            return candidates[0].name
    names = ", ".join(f"`{file}:{layer.name}`" for layer in complete or layers)
    raise usage(f"which layer? there are {names}")


def _complete(unit: Unit, given: Mapping[str, Value]) -> Sequence[str]:
    layers = layers_of(unit)
    if len(layers) == 1:  # what it lacks is reported with the place of the parameter
        return [layers[0].name]
    found = [layer.name for layer in layers if not layer.missing(given)]
    if not found:
        lacking = (f"`{each.name}` needs {', '.join(each.missing(given))}" for each in layers)
        raise usage(
            f"no layer of `{unit.source.name}` has all its parameters; set them with `--set`: "
            + "; ".join(lacking)
        )
    return found


def _profile(name: str) -> Profile:
    from tnc.driver.profiles import profile_named

    try:
        return profile_named(name)
    except OSError as error:
        raise unreadable(name, reason(error)) from None
    except ValueError as error:
        raise usage(str(error)) from None
