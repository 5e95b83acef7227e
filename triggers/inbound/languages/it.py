"""Italian."""

from __future__ import annotations

from typing import Final

from triggers.inbound.languages.model import Language, Refusal

_MESSAGES: Final = (
    "messaggio", "messaggi", "sms", "pubblicità", "spam", "notifiche", "offerte", "promozioni", "iscrizione", "lista",
)  # fmt: skip

ITALIAN: Final = Language(
    code="it",
    sources=(
        "Codice in materia di protezione dei dati personali (d.lgs. 196/2003), article 130: consent, and the right to "
        "object at any time, easily and at no cost",
        "GDPR, articles 7(3) and 21(2, 3)",
    ),
    stop=(
        "stop", "disiscrivimi", "disiscrivetemi", "disiscrivere", "disiscrizione", "disiscrivermi", "cancellatemi",
        "cancellami", "cancellarmi", "disattivare sms",
    ),
    alone=(
        "basta", "annulla", "annullare", "disdire", "disdetta", "ferma", "fermate", "fermatevi", "cancella",
        "cancellare", "cancellazione", "rimuovi", "rimuovetemi", "smettetela", "smettila", "esci", "revoca", "revoco",
        "no grazie", "non mi interessa", "non interessato", "non interessata", "spam", "disattiva",
    ),
    help=("aiuto", "info", "aiutatemi", "informazioni"),
    start=("inizia", "iscrivimi", "iscrivetemi", "riprendi", "riattiva", "inizio"),
    help_answer="{shop}: offerte e promemoria via SMS. Rispondi STOP per non riceverne, START per riceverne ancora.",
    start_answer="{shop}: ricevi di nuovo i nostri messaggi. STOP per non riceverne, AIUTO per assistenza.",
    phrases=(
        "lasciatemi in pace", "lasciami in pace", "cancellate il mio numero", "rimuovete il mio numero",
        "togliete il mio numero", "numero sbagliato", "revoco il consenso", "ritiro il consenso", "mi oppongo",
        "toglietemi dalla", "toglimi dalla",
    ),
    courtesies=(
        "per", "favore", "perfavore", "grazie", "ora", "adesso", "subito", "ciao", "salve", "buongiorno", "mi", "di",
        "tutto", "tutti", "i", "gli", "il", "la", "questo", "prego", "vi", "prega", "già",
    ),
    objects=(*_MESSAGES, "inviare", "inviarmi", "scrivere", "scrivermi", "mandare", "mandarmi", "contattarmi"),
    nots=("non", "senza", "mai"),
    between=("ti", "vi", "si", "mi", "ci", "fare"),
    others=("senza stop",),
    refusals=(
        Refusal(
            ("non", "mai più"),
            ("scrivetemi", "scrivermi", "scrivete", "scrivere", "inviatemi", "inviarmi", "inviate", "mandatemi",
             "mandarmi", "mandate", "contattatemi", "contattarmi", "disturbate", "disturbatemi", "chiamatemi",
             "mandare", "inviare", "contattare", "disturbare"),
            but=("perché non", "se non"),
        ),
        Refusal(
            ("non voglio", "niente", "basta", "non desidero", "smettete di", "smettetela di", "smettila di"),
            (*_MESSAGES, "ricevere", "scrivermi", "mandarmi", "inviarmi", "contattarmi"),
        ),
    ),
)  # fmt: skip
