"""German."""

from __future__ import annotations

from typing import Final

from triggers.inbound.languages.model import Language, Refusal

_MESSAGES: Final = (
    "sms", "nachricht", "nachrichten", "werbung", "werbe", "spam", "newsletter", "benachrichtigungen", "angebote",
    "werbesms", "werbenachrichten", "mails", "mitteilungen",
)  # fmt: skip
_WRITE: Final = (
    "schreiben", "schreibt", "schreib", "senden", "sendet", "sende", "schicken", "schickt", "schick", "kontaktieren",
    "kontaktiert", "belästigen", "belästigt", "anrufen", "zusenden", "zuschicken", "anschreiben",
)  # fmt: skip

GERMAN: Final = Language(
    code="de",
    sources=(
        "UWG (Gesetz gegen den unlauteren Wettbewerb), section 7(2) and (3) no. 4: consent, and a way to object at any "
        "time at no cost but the basic tariff's",
        "GDPR, articles 7(3) and 21(2, 3): consent may be withdrawn, direct marketing objected to, at any time",
    ),
    stop=(
        "stop", "stopp", "stoppen", "stoppt", "abmelden", "abmeldung", "abbestellen", "abbestellung", "austragen",
        "abbestelle", "abmelde", "opt out",
    ),
    alone=(
        "ende", "beenden", "beende", "kündigen", "kuendigen", "kündigung", "halt", "aufhören", "aufhoeren", "schluss",
        "löschen", "loeschen", "widerruf", "widerrufen", "widerspruch", "genug", "nein danke", "kein interesse",
        "abbrechen", "stornieren", "raus", "spam", "aus", "hör auf", "hören sie auf", "hört auf",
    ),
    help=("hilfe", "info", "infos"),
    start=("start", "anmelden", "fortsetzen", "abonnieren", "wieder anmelden"),
    help_answer="{shop}: Angebote und Erinnerungen per SMS. STOP: keine mehr bekommen. START: wieder bekommen.",
    start_answer="{shop}: Sie bekommen unsere Nachrichten wieder. STOP: keine mehr. HILFE: Hilfe.",
    phrases=(
        "lasst mich in ruhe", "lassen sie mich in ruhe", "lass mich in ruhe", "meine nummer löschen",
        "löschen sie meine nummer", "löscht meine nummer", "nehmen sie mich", "nehmt mich aus", "nehmt mich von",
        "widerrufe meine einwilligung", "einwilligung widerrufen", "widerspreche der", "ich widerspreche",
        "falsche nummer", "melden sie mich ab", "meldet mich ab", "melde mich ab", "tragen sie mich aus",
        "hören sie auf", "hört auf mit", "hör auf mit", "streichen sie mich",
    ),
    courtesies=(
        "bitte", "danke", "jetzt", "sofort", "hallo", "mich", "mir", "alles", "alle", "sie", "das", "die", "den", "nun",
        "endlich", "doch", "mal", "ich", "will", "möchte", "damit", "guten", "tag", "euch", "vom",
    ),
    objects=(*_MESSAGES, *_WRITE, "abo", "einwilligung"),
    nots=("nicht", "nie", "niemals", "kein", "keinen", "ohne", "non"),
    between=("mehr", "bitte", "zu", "einfach", "mit", "dem", "der"),
    others=("nächster stopp", "kein stopp", "zwischen stopp"),
    refusals=(
        Refusal(
            ("keine", "kein", "nie wieder", "will keine", "möchte keine", "nicht mehr", "nichts mehr", "genug von"),
            (*_MESSAGES, *_WRITE, "bekommen", "erhalten", "von euch", "von ihnen"),
            but=("ich habe keine", "habe keine", "noch keine", "hab keine", "kam keine", "bekomme keine"),
        ),
        Refusal(_WRITE, ("nicht mehr", "nichts mehr", "keine", "nie wieder", "nie mehr"),
                but=("ich schreibe", "kann nicht", "warum schreiben")),
    ),
)  # fmt: skip
