"""The vault of an installation, from its settings."""

from service.phone import Vault
from service.settings import Settings


def vault_of(settings: Settings) -> Vault:
    """Raises `WeakSecret` without a proper secret key."""
    old = [each.get_secret_value() for each in settings.secret_keys_old]
    return Vault(settings.require_secret(), old)
