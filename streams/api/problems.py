"""What is wrong with the members of a request, in our own words."""

from typing import Literal

from pydantic import ValidationError

from streams.api.naming import member_at

_SENTENCES = {
    "missing": "is required",
    "string_type": "must be a string",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "model_type": "must be an object",
    "literal_error": "must be {expected}",
    # What our own types of members say.
    "value_error": "{error}",
}
"""What each kind of pydantic's errors says of a member."""


def first_problem(error: ValidationError, kind: Literal["member", "parameter"]) -> str:
    """What is wrong with the first unknown member or parameter, or else the first wrong one.

    One that is unknown may be a misspelt one, which is then missing, too.
    """
    problems = error.errors(include_url=False, include_input=False)
    problem = min(problems, key=lambda problem: problem["type"] != "extra_forbidden")
    member = member_at(problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"unknown {kind} '{member}'"
    sentence = _SENTENCES[problem["type"]].format(**problem.get("ctx", {}))
    # Choices come in quotes.
    return f"{member} " + sentence.replace("'", "")
