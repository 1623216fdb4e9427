"""A message taken apart: tokens, then nodes (products, places, figures, days, commands)."""

from service.sms.words.gloss import gloss

__all__ = ["gloss"]
