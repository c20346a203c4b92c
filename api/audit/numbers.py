"""Scores and probabilities as every page, rule and terminal writes them: one number, one way."""


def score_text(score: float) -> str:
    """A score for people: no score is ever shown as certainty."""
    if score >= 0.995:
        return "above 0.99"
    return "below 0.01" if score < 0.005 else f"{score:.2f}"


def p_value_text(value: float | None) -> str:
    """A probability that may be tiny.

    >>> p_value_text(1.234e-14), p_value_text(None)
    ('1.2e-14', 'not measured')
    >>> p_value_text(1e-6)
    '1e-6'
    """
    return "not measured" if value is None else limit_text(float(f"{value:.2g}"))


def limit_text(value: float) -> str:
    """A number that others are compared with, in all its digits.

    >>> limit_text(1e-6), limit_text(0.8), limit_text(12)
    ('1e-6', '0.8', '12')
    """
    return f"{float(value):g}".replace("e-0", "e-")
