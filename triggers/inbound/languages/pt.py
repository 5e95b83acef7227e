"""Portuguese."""

from __future__ import annotations

from typing import Final

from triggers.inbound.languages.model import Language, Refusal

_MESSAGES: Final = (
    "mensagem", "mensagens", "sms", "torpedo", "torpedos", "publicidade", "propaganda", "spam", "notificações",
    "ofertas", "promoções", "lista", "inscrição",
)  # fmt: skip

PORTUGUESE: Final = Language(
    code="pt",
    sources=(
        "Lei 41/2004 (Portugal), article 13-A: consent to direct marketing by SMS, and refusal at any time, easily and "
        "at no cost",
        "Lei 13.709/2018 (LGPD, Brazil), articles 8(5) and 18(IX): consent may be withdrawn at any time (usage: SAIR)",
    ),
    stop=(
        "stop", "descadastrar", "descadastre", "descadastrem", "desinscrever", "cancelar inscrição", "cancelar sms",
        "anular subscrição", "cancelar assinatura",
    ),
    alone=(
        "sair", "parar", "pare", "parem", "cancelar", "cancele", "cancelem", "remover", "remova", "removam",
        "fim", "chega", "basta", "excluir", "apagar", "apaguem", "terminar", "não quero", "não obrigado",
        "não obrigada", "sem interesse", "não tenho interesse", "revogar", "spam",
    ),
    help=("ajuda", "info", "ajude", "informações"),
    start=("iniciar", "começar", "voltar", "inscrever", "retomar", "início"),
    help_answer="{shop}: ofertas e lembretes por SMS. Responda SAIR para não receber mais, VOLTAR para receber.",
    start_answer="{shop}: volta a receber as nossas mensagens. SAIR para não receber mais, AJUDA para ajuda.",
    phrases=(
        "me deixem em paz", "deixem me em paz", "me deixa em paz", "apaguem meu número", "removam meu número",
        "remova meu número", "tirem meu número", "retirem o meu número", "número errado", "retiro o meu consentimento",
        "revogo meu consentimento", "me tirem da", "me tira da", "tire me da",
    ),
    courtesies=(
        "por", "favor", "obrigado", "obrigada", "já", "agora", "olá", "oi", "me", "de", "os", "as", "tudo", "todas",
        "isso", "isto", "bom", "dia", "imediatamente", "quero", "a", "o",
    ),
    objects=(*_MESSAGES, "enviar", "escrever", "mandar", "contactar", "contatar", "incomodar"),
    nots=("sem", "nunca", "jamais", "non"),
    soft_nots=("não",),
    between=("me", "se", "te", "nos"),
    others=("sem stop",),
    refusals=(
        Refusal(
            ("não", "nunca", "nunca mais"),
            ("enviem", "envie", "envies", "mandem", "mande", "mandes", "escrevam", "escreva", "contactem", "contacte",
             "contatem", "contate", "perturbem", "perturbe", "incomodem", "incomode", "liguem", "ligue"),
            but=("por que não", "porque não", "se não"),
        ),
        Refusal(
            ("não quero", "não desejo", "não preciso", "chega de", "basta de", "parem de", "pare de"),
            (*_MESSAGES, "receber", "enviar", "mandar", "escrever", "contactar", "incomodar"),
        ),
    ),
)  # fmt: skip
