"""French."""

from __future__ import annotations

from typing import Final

from triggers.inbound.languages.model import Language, Refusal

_MESSAGES: Final = (
    "message", "messages", "sms", "texto", "textos", "pub", "pubs", "publicité", "publicités", "spam", "spams",
    "notifications", "alertes", "offres", "promos", "promotions", "courriels", "abonnement", "liste",
)  # fmt: skip

FRENCH: Final = Language(
    code="fr",
    sources=(
        "Code des postes et des communications électroniques, article L34-5: a simple way to have messages stopped, "
        "at no cost, in each of them (STOP, as the CNIL and operators recommend it)",
        "CWTA Canadian Common Short Code guidelines, and the CRTC's anti-spam rules: ARRET beside STOP",
    ),
    stop=(
        "stop", "arret", "arrêt", "arrete", "arrêtez", "arreter", "désabonner", "désabonnez", "désabonnement",
        "désabonnez moi", "désinscrire", "désinscription", "désinscrivez", "désabonne", "arretons",
    ),
    alone=(
        "fin", "annuler", "annulez", "quitter", "terminer", "résilier", "résiliez", "supprimer", "supprimez",
        "supprimez moi", "retirez moi", "assez", "ça suffit", "ca suffit", "cesser", "cessez", "non merci",
        "pas intéressé", "pas intéressée", "révoquer", "sortir", "spam",
    ),
    help=("aide", "info", "aidez moi", "infos"),
    start=("début", "commencer", "reprendre", "réabonner", "abonner", "démarrer", "réabonnez moi"),
    help_answer="{shop}: offres et rappels par SMS. Répondez STOP pour ne plus en recevoir, START pour en recevoir.",
    start_answer="{shop}: vous recevez de nouveau nos messages. STOP pour ne plus en recevoir, AIDE pour de l'aide.",
    phrases=(
        "laissez moi tranquille", "laisse moi tranquille", "fichez moi la paix", "foutez moi la paix",
        "retirez mon numéro", "supprimez mon numéro", "effacez mon numéro", "retirez moi de", "enlevez moi de",
        "enlevez mon numéro", "mauvais numéro", "retire mon consentement", "rétracte mon consentement",
        "m'opposer", "je m'oppose",
    ),
    courtesies=(
        "svp", "stp", "s'il", "s", "il", "vous", "te", "plait", "plaît", "merci", "bonjour", "bonsoir", "maintenant",
        "tout", "tous", "de", "suite", "immédiatement", "les", "des", "la", "le", "moi", "me", "ça", "ca", "ces", "mon",
    ),
    objects=(*_MESSAGES, "contacter", "écrire", "envoyer"),
    nots=("ne", "n", "pas", "jamais", "sans", "non"),
    between=("me", "te", "se", "nous", "vous", "pas", "jamais", "faut", "pouvoir", "m", "t", "s", "d"),
    others=(
        "arret de bus", "arret de tram", "arret maladie", "arret du bus", "arret de metro", "prochain arret",
        "point d'arret", "arret de travail", "peux pas arreter", "peut pas arreter", "arrete pas", "arretez pas",
        "arretez jamais",
    ),
    refusals=(
        Refusal(
            ("ne", "n", "plus besoin de"),
            ("m'envoyez", "m'envoyer", "m'écrire", "envoyez", "envoyer", "m'écrivez", "écrivez", "écrire",
             "contactez", "contacter", "dérangez",
             "déranger", "m'envoie", "m'appelez", "appelez", "m'écris", "me contacte"),
            but=("je ne", "pourquoi ne", "vous ne", "vous n", "pourquoi vous ne", "si vous ne"),
        ),
        Refusal(
            ("plus de", "pas de", "aucun", "ne veux plus", "veux plus", "ne souhaite plus", "souhaite plus", "marre de",
             "marre des", "ne veux pas", "cessez", "cesser", "assez de"),
            (*_MESSAGES, "recevoir", "m'envoyer", "être contacté", "vos"),
        ),
    ),
)  # fmt: skip
