"""Texts that nobody asked for just now: reminders, alerts, outcomes, the card of a month."""
