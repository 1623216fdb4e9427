"""Why a market's net is withheld, in a word or two: the same on a screen and in an SMS."""

from service.i18n import Say
from service.prices.advice import Reason


def why(reason: Reason | None, say: Say) -> str | None:
    """None where the cost of the way is what is missing: each voice has its own room for that."""
    match reason:
        case Reason.ROAD_CLOSED:
            return say("ussd.why_road", "route coupée")
        case Reason.INSECURITY:
            return say("ussd.why_danger", "insécurité")
        case Reason.FAIR_CANCELLED:
            return say("ussd.why_cancelled", "pas de foire")
        case Reason.NOT_FRESH:
            return say("ussd.why_old", "ancien")
        case Reason.LOW_GRADE:
            return say("ussd.why_unsure", "peu sûr")
        case _:
            return None
