"""The simulator's words: French as they stand in the page, and their English."""

from collections.abc import Mapping
from types import MappingProxyType

SPOKEN: Mapping[str, str] = MappingProxyType(
    {
        "idle": "Tapez un code, ou appelez directement.",
        "dialling": "Code en cours…",
        "lost": "Réseau perdu. Rappelez : Sugu propose de continuer.",
        "cut": "Session coupée. Rappelez : Sugu propose de continuer.",
        "unknown": "Code inconnu du réseau. Composez {code}",
        "down": "Pas de réponse du service.",
        "open": "Session ouverte",
        "over": "Session finie",
        "ready": "Prêt",
        "call": "Appeler",
        "send": "Envoyer",
        "queued": "en attente",
        "unread": "{n} SMS",
        "none": "Aucun message.",
        "thread": "Aucun message pour ce numéro. Choisissez un exemple, puis Envoyer.",
        "copy": "Copier en curl",
        "copied": "Copié",
        "nothing": "Rien encore : appelez ou envoyez un SMS.",
        "empty": "(vide)",
        "ended": "(réponse vide : reçu)",
        "lostanswer": "réponse perdue avant le téléphone",
        "repeat": "le même tour, répété par le réseau",
        "septets": "{n} / {limit} septets",
        "parts": "{n} septets · {parts} SMS",
        "ucs2": "{n} caractères en UCS-2 · {parts} SMS, à cause de {char}",
        "ms": "{n} ms",
        "you": "Vous",
        "sugu": "Sugu",
    }
)
"""What the script says, by name; French, the source of the dictionary below."""

ENGLISH: Mapping[str, str] = MappingProxyType(
    {
        "Simulateur": "Simulator",
        "Deux téléphones et le fil": "Two phones and the wire",
        "Aller au téléphone": "Skip to the phone",
        "Console du personnel": "Staff console",
        "Documentation de l'API": "API documentation",
        "Données de démonstration.": "Demonstration data.",
        "Les jours de foire, les coûts de transport et les poids des sacs sont fictifs. "
        "Rien ne sort de cette machine.": "Fair days, transport costs and sack weights are "
        "fictional. Nothing leaves this machine.",
        "Agriculteur": "Farmer",
        "Releveur": "Reporter",
        "Fil": "Wire",
        "USSD, téléphone simple": "USSD, basic phone",
        "SMS, depuis la foire": "SMS, from the fair",
        "Ce qui passe sur le fil": "What goes over the wire",
        "Numéro": "Number",
        "Numéro qui appelle": "Calling number",
        "Numéro qui écrit": "Writing number",
        "Agriculteurs": "Farmers",
        "Releveurs": "Reporters",
        "Autres": "Others",
        "Numéro jamais vu": "Never seen before",
        "Autre numéro…": "Another number…",
        "sans langue": "no language yet",
        "Écran du téléphone": "Phone screen",
        "Clavier": "Keypad",
        "Effacer": "Erase",
        "Raccrocher": "Hang up",
        "Réseau lent": "Slow network",
        "Perdre la prochaine réponse": "Lose the next answer",
        "Répéter chaque tour": "Repeat every turn",
        "Conditions du réseau": "Network conditions",
        "Accès direct": "Direct dial",
        "SMS reçus sur ce téléphone": "SMS received on this phone",
        "Messages de ce téléphone": "Messages of this phone",
        "Exemples": "Examples",
        "Votre message": "Your message",
        "Clavier : chiffres, * et #, Entrée pour appeler ou envoyer, Échap pour raccrocher.": (
            "Keyboard: digits, * and #, Enter to call or send, Escape to hang up."
        ),
        "Les formulaires exacts d'Africa's Talking, et la réponse brute, le plus récent en haut.": (
            "Africa's Talking's exact forms and the raw answer, newest first."
        ),
        "Vider": "Clear",
        "Le simulateur a besoin de JavaScript.": "The simulator needs JavaScript.",
        "Tapez un code, ou appelez directement.": "Type a code, or just call.",
        "Code en cours…": "Running the code…",
        "Réseau perdu. Rappelez : Sugu propose de continuer.": (
            "Network lost. Call again: Sugu offers to go on."
        ),
        "Session coupée. Rappelez : Sugu propose de continuer.": (
            "Session cut. Call again: Sugu offers to go on."
        ),
        "Code inconnu du réseau. Composez {code}": "The network knows no such code. Dial {code}",
        "Pas de réponse du service.": "The service does not answer.",
        "Session ouverte": "Session open",
        "Session finie": "Session over",
        "Prêt": "Ready",
        "Appeler": "Call",
        "Envoyer": "Send",
        "en attente": "waiting",
        "{n} SMS": "{n} SMS",
        "Aucun message.": "No message.",
        "Aucun message pour ce numéro. Choisissez un exemple, puis Envoyer.": (
            "No message for this number. Pick an example, then Send."
        ),
        "Copier en curl": "Copy as curl",
        "Copié": "Copied",
        "Rien encore : appelez ou envoyez un SMS.": "Nothing yet: call, or send an SMS.",
        "(vide)": "(empty)",
        "(réponse vide : reçu)": "(empty answer: received)",
        "réponse perdue avant le téléphone": "answer lost before the phone",
        "le même tour, répété par le réseau": "the same turn, repeated by the network",
        "{n} / {limit} septets": "{n} / {limit} septets",
        "{n} septets · {parts} SMS": "{n} septets · {parts} SMS",
        "{n} caractères en UCS-2 · {parts} SMS, à cause de {char}": (
            "{n} characters in UCS-2 · {parts} SMS, because of {char}"
        ),
        "{n} ms": "{n} ms",
        "Vous": "You",
        "Sugu": "Sugu",
        "Couper la session": "Cut the session",
    }
)
