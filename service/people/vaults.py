"""What the secret key of an installation seals and signs."""

from sqlalchemy import Engine

from service import audit
from service.phone import Vault
from service.settings import Settings


def vault_of(settings: Settings) -> Vault:
    """Raises `WeakSecret` without a proper secret key."""
    return Vault(settings.require_secret(), _old(settings))


def sign_audit(engine: Engine, settings: Settings) -> None:
    """What is written to the audit trail through this engine is signed with the secret key."""
    audit.sign_with(engine, settings.require_secret(), _old(settings))


def _old(settings: Settings) -> list[str]:
    return [each.get_secret_value() for each in settings.secret_keys_old]
