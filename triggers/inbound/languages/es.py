"""Spanish."""

from __future__ import annotations

from typing import Final

from triggers.inbound.languages.model import Language, Refusal

_MESSAGES: Final = (
    "mensaje", "mensajes", "sms", "texto", "textos", "publicidad", "spam", "notificaciones", "ofertas", "promociones",
    "correos", "suscripción", "lista", "propaganda",
)  # fmt: skip

SPANISH: Final = Language(
    code="es",
    sources=(
        "Ley 34/2002 (LSSI), articles 21 and 22.1: consent to commercial messages may be withdrawn at any time, by "
        "simple and free means (usage: BAJA)",
        "47 CFR 64.1200(a)(10): a reasonable person's words, in any language (`no más`)",
    ),
    stop=(
        "stop", "darme de baja", "dar de baja", "denme de baja", "dame de baja", "deme de baja", "date de baja",
        "darse de baja", "desuscribir", "desuscribirme", "desuscríbanme", "cancelar suscripción",
        "cancelar la suscripción", "cancelar mi suscripción", "desinscribir", "baja sms",
    ),
    alone=(
        "baja", "alto", "parar", "pare", "paren", "detener", "detengan", "detente", "basta", "basta ya", "fin",
        "cancelar", "cancele", "cancelen", "salir", "terminar", "eliminar", "elimínenme", "quitar", "quítenme",
        "no más", "no mas", "no gracias", "no quiero", "no me interesa", "revocar", "anular", "borrar", "bórrenme",
        "suficiente", "spam",
    ),
    help=("ayuda", "info", "ayúdame", "información"),
    start=("alta", "iniciar", "empezar", "comenzar", "suscribir", "suscribirme", "reanudar", "inicio"),
    help_answer="{shop}: ofertas y recordatorios por SMS. Responda BAJA para no recibir más, ALTA para recibirlos.",
    start_answer="{shop}: vuelve a recibir nuestros mensajes. BAJA para no recibir más, AYUDA para ayuda.",
    phrases=(
        "déjenme en paz", "déjame en paz", "déjeme en paz", "borren mi número", "quiten mi número",
        "eliminen mi número", "borra mi número", "número equivocado", "retiro mi consentimiento",
        "revoco mi consentimiento", "me opongo", "sáquenme de", "quítenme de", "elimínenme de",
    ),
    courtesies=(
        "por", "favor", "porfavor", "porfa", "gracias", "ya", "ahora", "hola", "me", "de", "los", "las", "la", "el",
        "todo", "todos", "buenos", "días", "inmediatamente", "esto", "eso", "mi", "señores", "dar", "quiero",
    ),
    objects=(*_MESSAGES, "enviar", "enviarme", "escribir", "escribirme", "contactar", "contactarme", "mandar",
             "mandarme", "molestar", "molestarme"),
    nots=("sin", "nunca", "jamás", "non"),
    soft_nots=("no",),
    between=("me", "se", "te", "nos", "que", "hay", "puedo"),
    others=("no stop", "sin stop"),
    refusals=(
        Refusal(
            ("no", "nunca", "jamás"),
            ("envíen", "envíe", "envíes", "enviéis", "manden", "mande", "mandes", "escriban", "escriba", "escribas",
             "contacten", "contacte", "contactes", "molesten", "moleste", "molestes", "llamen", "llame"),
            but=("por qué no", "si no", "mientras no"),
        ),
        Refusal(
            ("no quiero", "no más", "no mas", "no deseo", "no necesito", "basta de", "ya no quiero", "harto de",
             "harta de", "dejen de", "deje de", "deja de"),
            (*_MESSAGES, "recibir", "enviar", "enviarme", "mandar", "mandarme", "escribir", "escribirme", "contactarme",
             "molestar", "molestarme"),
        ),
    ),
)  # fmt: skip
