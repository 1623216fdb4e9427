"""Sugu: market prices by SMS and USSD for the Kita region of Mali."""
