"""What a rule says about a line."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Finding:
    """One broken rule. `fix` tells the reader what to do about it."""

    path: str
    line: int
    rule: str
    what: str
    fix: str

    def __str__(self):
        return f"{self.path}:{self.line}: [{self.rule}] {self.what}. Fix: {self.fix}."
