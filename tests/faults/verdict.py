"""Whether a program ended well, whatever it met with."""
import re
import signal
from dataclasses import dataclass, field

import world

# The runtime's words where it gives up, and those of the loader.
CRASH = re.compile(r"Unhandled exception|Process terminated|Fatal error|^\s+at [\w.<>`]+\(|Segmentation fault|Aborted", re.MULTILINE)
OWN = re.compile(r"^xtrace-(catch|exporter): \S.{15,}", re.MULTILINE)
# A sentence that says what to do begins so, or names a command.
VERBS = ("Ask|Check|Choose|Close|Find|Free|Give|Grant|Install|Mount|Name|Raise|Read|Run|See|Start|Stop|Try|Use|Wait|Watch|Write|"
         "Otherwise|Let|Make|Change|Load|Redirect|Remove|To print|To process")
ADVICE = re.compile(rf"(?:^|[.;:,)] )(?:{VERBS})\b|XTrace tries again|there are:|or free memory|can run beside it",
                    re.IGNORECASE | re.MULTILINE)


# By the harness, in the moment when it had said its error already.
ENDED = -signal.SIGTERM
SHOWS_NOTHING = "it claims success without what was asked for"


@dataclass
class Outcome:
    """The end of a program."""
    code: int | None  # None: it had not ended in time
    output: str
    error: str
    seconds: float
    left: list = field(default_factory=list)

    def tail(self):
        text = [line for line in (self.error or self.output).strip().splitlines() if "has appeared" not in line]
        return f"exit code {self.code}, {self.seconds:.1f} s" + "".join(f"\n      | {line[:300]}" for line in text[-6:])


def judge(outcome, expects, struck=None):
    """What is wrong with the end of a program, in words; none where all is well."""
    # An error that cannot be written is not read, and a terminal that is gone has no reader.
    is_write = struck is not None and struck.name in ("write", "writev")
    is_mute = is_write and (struck.number == 2 or "/dev/pts/" in struck.detail)
    if outcome.code is None:
        yield "it hangs"
    elif outcome.code not in (0, 1, ENDED):
        yield f"it crashes: {outcome.code}"
    if CRASH.search(outcome.error):
        yield "it shows the inside of a crash"
    has_said = OWN.search(outcome.error)
    if outcome.code == 1 and not is_mute:
        if not has_said:
            yield "it fails without a word"
        elif not ADVICE.search(outcome.error):
            yield "its error does not say what to do"
    if outcome.code == 0 and not has_said and not is_mute and not re.search(expects, outcome.output):
        yield SHOWS_NOTHING
    for one in outcome.left:
        yield f"left {one}"


def check(outcome, expects, struck=None):
    """Judges, with what is left on the machine."""
    outcome.left = world.left()
    faults = list(judge(outcome, expects, struck))
    if outcome.left or outcome.code is None:
        world.clear()
    return faults
