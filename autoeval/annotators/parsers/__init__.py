"""One file a way of reading a verdict from a reply.

A new parser is one file with a subclass of `Parser` whose `kind` names it, and one line in `AnyParser`.
"""

from typing import Annotated

from pydantic import Field

from autoeval.annotators.parsers.base import Parser, Reading
from autoeval.annotators.parsers.choice import ChoiceParser
from autoeval.annotators.parsers.classes import ClassesParser
from autoeval.annotators.parsers.critique import CritiqueParser
from autoeval.annotators.parsers.grade import GradeParser
from autoeval.annotators.parsers.graded import LevelsParser, ProbabilityParser
from autoeval.annotators.parsers.logprobs import LogprobsParser
from autoeval.annotators.parsers.ranking import RankingParser
from autoeval.annotators.parsers.ratings import RatingsParser
from autoeval.annotators.parsers.regex import RegexParser
from autoeval.annotators.parsers.review import ReviewParser
from autoeval.annotators.parsers.scores import ScoresParser
from autoeval.annotators.parsers.structured import JsonParser, ToolParser
from autoeval.annotators.parsers.verdicts import VerdictsParser

AnyParser = Annotated[
    ChoiceParser
    | ClassesParser
    | CritiqueParser
    | GradeParser
    | JsonParser
    | LevelsParser
    | LogprobsParser
    | ProbabilityParser
    | RankingParser
    | RatingsParser
    | RegexParser
    | ReviewParser
    | ScoresParser
    | ToolParser
    | VerdictsParser,
    Field(discriminator="kind"),
]

__all__ = ["AnyParser", "Parser", "Reading"]
