"""What is odd about a ruleset that loads: rules that never fire, always fire, say what
another says, or contradict a list.

Without a solver: sound for what it reports, silent about what it cannot tell. "Always" and
"never" are about payments that have the fields that a rule asks about.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from fraud_engines.rules.clauses import Clause, Clauses, TooMany
from fraud_engines.rules.fields import declared
from fraud_engines.rules.register import FUNCTIONS, Register
from fraud_engines.rules.ruleset import Rule, Ruleset
from fraud_engines.rules.syntax import Node
from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_shared.contracts.entries import EntityKind, ListName
from fraud_shared.contracts.versions import Finding

_SEVERITIES = ("low", "medium", "high", "critical")
_KIND_OF: dict[str, EntityKind] = {
    "account_id": "account", "counterparty_account": "counterparty",
    "card_token": "card_token", "device_id": "device", "merchant_id": "merchant",
    "terminal_id": "terminal", "card_bin": "bin", "card_bin_8": "bin",
    "email_domain": "email_domain", "merchant_country": "country",
    "location_country": "country", "customer_country": "country",
    "counterparty_country": "country",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Read:
    """A rule and the alternatives in which it is hit, and in which it is not."""

    rule: Rule
    hit: list[Clause]
    missed: list[Clause] | None


def analyse(ruleset: Ruleset, register: Register) -> list[Finding]:
    """What is odd, rule by rule, in their order."""
    reader = Clauses(declared(PAYMENT_FEATURES), ruleset.lists)
    read = [found for rule in ruleset.rules if (found := _read(reader, rule))]
    findings: list[Finding] = []
    for place, each in enumerate(read):
        if not each.hit:
            findings.append(_finding(each, "unreachable", "No payment can meet it"))
            continue
        if each.missed == []:
            text = "Every payment that has its fields meets it"
            findings.append(_finding(each, "always_true", text))
        findings.extend(_repeated(each, read[:place], read[place + 1 :]))
        findings.extend(_listed(each, register))
    return findings


def _read(reader: Clauses, rule: Rule) -> _Read | None:
    tree = rule.expression.tree
    try:
        hit = reader.of(tree)
    except TooMany:
        return None
    try:
        return _Read(rule, hit, reader.of(tree, wanted=False))
    except TooMany:
        return _Read(rule, hit, None)


def _repeated(
    each: _Read, earlier: list[_Read], later: list[_Read]
) -> Iterator[Finding]:
    """Whether an earlier rule is the same, or some rule makes this one superfluous."""
    for other in earlier:
        if other.hit and _implies(each, other) and _implies(other, each):
            text = f"It is hit by the same payments as {other.rule.ref}"
            yield _finding(each, "duplicate", text)
            return
    if each.missed == []:
        return
    for other in (*earlier, *later):
        same = other.hit and _implies(each, other) and not _implies(other, each)
        if same and other.missed != [] and _outweighs(other.rule, each.rule):
            text = (
                f"Every payment that it hits is hit by {other.rule.ref}, which asks "
                "for no less"
            )
            yield _finding(each, "shadowed", text)
            return


def _implies(one: _Read, other: _Read) -> bool:
    return all(any(mine.inside(theirs) for theirs in other.hit) for mine in one.hit)


def _outweighs(one: Rule, other: Rule) -> bool:
    """Whether a live rule's hit makes the other's superfluous."""
    if one.state != "live" or other.state == "draft":
        return False
    mine, theirs = ((r.tier == "hard", r.effect == "BLOCK") for r in (one, other))
    return mine >= theirs and (
        one.effect == "BLOCK"
        or _SEVERITIES.index(one.severity) >= _SEVERITIES.index(other.severity)
    )


def _listed(each: _Read, register: Register) -> Iterator[Finding]:
    """Whether a list decides every payment that the rule hits before it does."""
    for name, text in (
        ("deny", "Every payment that it hits is blocked by the deny list"),
        (
            "allow",
            "Every payment that it hits is on the allow list, which outweighs it",
        ),
    ):
        if name == "allow" and each.rule.tier == "hard":
            continue
        if all(_decides(name, clause, register) for clause in each.hit):  # type: ignore[arg-type]
            yield _finding(each, "contradicts_list", text)


def _decides(name: ListName, clause: Clause, register: Register) -> bool:
    """Whether every payment that meets a clause is on a list."""
    if any(wanted and _asks(name, node) for node, wanted in clause.other):
        return True
    for field, values in clause.fields.items():
        kind = _KIND_OF.get(field)
        # An allowed country has to be that of all sides, of which a rule names one.
        if kind is None or (name == "allow" and kind in ("country", "email_domain")):
            continue
        only = [v for v in values.only or () if isinstance(v, str)]
        if only and all(register.contains(name, kind, value) for value in only):
            return True
    return False


def _asks(name: ListName, node: Node) -> bool:
    """Whether a node asks an edited list about the field that its kind is compared with."""
    if node.kind != "call" or node.parts[0].kind != "field":
        return False
    asked = FUNCTIONS.get(str(node.value).removeprefix("in_"))
    field = str(node.parts[0].value)
    return asked == (name, _KIND_OF.get(field)) or (
        asked == (name, "ip") and field == "ip"
    )


def _finding(each: _Read, kind: str, detail: str) -> Finding:
    return Finding.model_validate(
        {"kind": kind, "rule": each.rule.ref, "detail": detail}
    )
