"""The words of the Python peers, the same as those of the Node peers."""

WORDS = {
    "fr": {
        "reports": "releves",
        "menu": "1 Autre prix\n2 Ou vendre\n3 Vendre ou attendre\n4 Alertes\n9 Plus",
        "which": "Quel produit ?",
        "back": "0 Retour 00 Accueil",
        "unknown": "Choix non valable",
    },
    "bm": {
        "reports": "kibaru",
        "menu": "1 Songo were\n2 Feereyoro\n3 Feere wala makono\n4 Ladonniya\n9 Caman",
        "which": "Fen jumen ?",
        "back": "0 Kosegin 00 So",
        "unknown": "A ma nye",
    },
}
