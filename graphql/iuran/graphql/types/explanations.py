"""Explanations as the schema shows them: why a figure or a state is as it is."""

from datetime import date
from typing import Self

import strawberry

from iuran.core.explanations import Confidence
from iuran.core.explanations import Explanation as Explained
from iuran.core.explanations import Reason as Given
from iuran.core.money import Rupiah
from iuran.graphql.compiler.declarations import Attribute, Source, everybody
from iuran.graphql.types.enums import publish

publish(
    Confidence,
    "How sure it is that a rule is as told. Sources on this insurance differ here and there.",
    {
        Confidence.CONFIRMED: "Stands in the regulation that is named.",
        Confidence.ONE_SOURCE: "Told by one source only.",
        Confidence.NO_SOURCE: "Known, but no source could be found.",
        Confidence.DECISION: "Decided by this installation, because the law is silent.",
    },
)


@strawberry.type(description="One rule that was applied, and what it came to.")
class Reason:
    """A reason of an explanation."""

    rule: str = strawberry.field(
        description="A stable name of the rule; the amounts of all reasons `line` add up to what "
        "is explained."
    )
    english: str = strawberry.field(description="The reason in English.")
    indonesian: str = strawberry.field(description="The reason in Indonesian.")
    legal_basis: str = strawberry.field(
        description="The regulation and article that it rests on (dasar hukum)."
    )
    confidence: Confidence = strawberry.field(description="How sure it is.")
    amount: Rupiah | None = strawberry.field(description="What it came to, if that is money.")
    day: date | None = strawberry.field(description="The day that it sets, if it sets one.")

    @classmethod
    def of(cls, reason: Given) -> Self:
        """Show a reason of the domain."""
        return cls(
            rule=reason.rule,
            english=reason.english,
            indonesian=reason.indonesian,
            legal_basis=reason.legal_basis,
            confidence=reason.confidence,
            amount=reason.amount,
            day=reason.day,
        )


@strawberry.type(
    description="Why a figure or a state is as it is (penjelasan), in English and in Indonesian, "
    "ready to be shown to whom it concerns."
)
class Explanation:
    """An explanation."""

    english: str = strawberry.field(description="What is explained, in English.")
    indonesian: str = strawberry.field(description="What is explained, in Indonesian.")
    reasons: list[Reason] = strawberry.field(
        description="The rules that made it so, in the order in which they are applied."
    )

    @classmethod
    def of(cls, explanation: Explained) -> Self:
        """Show an explanation of the domain."""
        return cls(
            english=explanation.english,
            indonesian=explanation.indonesian,
            reasons=[Reason.of(reason) for reason in explanation.reasons],
        )


EXPLANATION = Source(
    type_name="Explanation",
    table="",
    access=everybody(),
    fields={
        "english": Attribute("english"),
        "indonesian": Attribute("indonesian"),
        "reasons": Attribute("reasons"),
    },
)
REASON = Source(
    type_name="Reason",
    table="",
    access=everybody(),
    fields={
        "rule": Attribute("rule"),
        "english": Attribute("english"),
        "indonesian": Attribute("indonesian"),
        "legalBasis": Attribute("legal_basis"),
        "confidence": Attribute("confidence"),
        "amount": Attribute("amount"),
        "day": Attribute("day"),
    },
)
