"""How the recording came to be: the generator, and what a machine did in which role."""

from dataclasses import dataclass

from core.errors import RecordError
from provenance.records import shape_checks

LEVELS = ("All", "Partly", "None", "Undeclared")
"""DDEX allowed value set `ContainsAI` (All, Partly, None), and our word for silence."""


@dataclass(frozen=True)
class Generation:
    """The AI system that made or altered the recording (the disclosure of California SB 942, EU AI Act 50).

    Prompts and seeds are private: only a salted commitment to them is kept.
    """

    provider: str
    system: str
    system_version: str
    created_or_altered: str
    finished_at: str
    started_at: str | None = None
    model: str | None = None
    model_sha256: str | None = None
    prompt_commitment: str | None = None
    seed_commitment: str | None = None
    training_licence_ref: str | None = None
    operator_id: str | None = None
    model_licence: str | None = None

    def __post_init__(self) -> None:
        for name in ("provider", "system", "system_version"):
            shape_checks.text(getattr(self, name), name, limit=200)
        shape_checks.one_of(self.created_or_altered, "created_or_altered", ("created", "altered"))
        shape_checks.time(self.finished_at, "finished_at")
        if self.started_at is not None and self.started_at != self.finished_at:
            shape_checks.period(self.started_at, self.finished_at, "generation")
        for name in ("model", "training_licence_ref", "operator_id", "model_licence"):
            if getattr(self, name) is not None:
                shape_checks.text(getattr(self, name), name, limit=200)
        for name in ("model_sha256", "prompt_commitment", "seed_commitment"):
            if getattr(self, name) is not None:
                shape_checks.hex_digits(getattr(self, name), name, 64)


@dataclass(frozen=True)
class RoleInvolvement:
    """What AI did in one role, and on whose word (a detector's if `measured`, a source's if `inherited`)."""

    level: str
    basis: str
    tool: str | None = None
    human_author: str | None = None

    def __post_init__(self) -> None:
        shape_checks.one_of(self.level, "AI level", LEVELS)
        shape_checks.one_of(self.basis, "AI basis", ("declared", "measured", "inherited"))
        for name in ("tool", "human_author"):
            if getattr(self, name) is not None:
                shape_checks.text(getattr(self, name), name, limit=200)


@dataclass(frozen=True)
class AiInvolvement:
    """AI in the recording as a whole and in the five roles that the industry's guides ask for."""

    overall: str
    vocals: RoleInvolvement | None = None
    instrumentation: RoleInvolvement | None = None
    composition: RoleInvolvement | None = None
    lyrics: RoleInvolvement | None = None
    post_production: RoleInvolvement | None = None

    def __post_init__(self) -> None:
        shape_checks.one_of(self.overall, "ai_involvement.overall", LEVELS)
        levels = {role.level for role in self.roles().values()}
        if self.overall == "None" and levels & {"All", "Partly"}:
            raise RecordError("ai_involvement.overall is None, but a role involves AI")
        if self.overall == "All" and levels & {"Partly", "None"}:
            raise RecordError("ai_involvement.overall is All, but a role is not")

    def roles(self) -> dict[str, RoleInvolvement]:
        """The roles about which something is stated, by name."""
        names = ("vocals", "instrumentation", "composition", "lyrics", "post_production")
        return {name: role for name in names if (role := getattr(self, name)) is not None}
