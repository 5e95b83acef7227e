"""English."""

from __future__ import annotations

from typing import Final

from triggers.inbound.languages.model import Language, Refusal

_MESSAGES: Final = (
    "text", "texts", "texting", "message", "messages", "messaging", "messeges", "msg", "msgs", "sms", "spam",
    "spamming", "spams", "notification", "notifications", "alerts", "ads", "adverts", "advertising", "marketing",
    "promotions", "promos", "promo", "offers", "mailings", "newsletter", "newsletters",
)  # fmt: skip

ENGLISH: Final = Language(
    code="en",
    sources=(
        "47 CFR 64.1200(a)(10) (89 FR 15756, 5 March 2024): stop, quit, end, revoke, opt out, cancel, unsubscribe; "
        "other words as a reasonable person would understand them",
        "CTIA Messaging Principles and Best Practices, section 5.1.3: STOP, STOPALL, UNSUBSCRIBE, CANCEL, END, QUIT; "
        "HELP answered with who sends and how to stop",
        "CWTA Canadian Common Short Code guidelines: STOP, ARRET, HELP, AIDE, INFO",
    ),
    stop=(
        "stop", "stopall", "stop all", "unsubscribe", "unsubscribed", "unsub", "opt out", "optout", "opting out",
        "opt me out", "opted out", "unsuscribe", "unsubcribe",
    ),
    alone=(
        "quit", "end", "revoke", "cancel", "remove", "remove me", "enough", "no more", "no more of",
        "cease", "stpo", "sotp", "delete me", "no thanks",
        "not interested", "spam", "go away", "fuck off", "piss off", "get lost", "dnc", "do not disturb",
    ),
    help=("help", "info", "help me", "information"),
    start=("start", "unstop", "subscribe", "resubscribe", "resume", "opt in", "optin", "opt me in", "sign me up again"),
    help_answer="{shop}: offers and reminders by SMS. Reply STOP to get no more of them, START to get them again.",
    start_answer="{shop}: you get our messages again. Reply STOP to get no more, HELP for help.",
    phrases=(
        "remove me from", "remove my number", "remove this number", "take me off", "take my number off",
        "delete my number", "leave me alone", "lose my number", "lose this number", "wrong number", "who gave you my",
        "want out", "stopping these messages", "withdraw my consent", "revoke my consent", "revoke consent",
        "withdraw consent", "i do not consent", "i dont consent", "i never signed up", "i didnt sign up",
        "i did not sign up", "block you", "report you", "reporting you", "harassing me", "cease and desist",
        "knock it off", "do not call list",
    ),
    courtesies=(
        "please", "pls", "plz", "plse", "thanks", "thank", "thx", "you", "now", "hi", "hello", "hey", "dear", "sir",
        "it", "this", "that", "me", "all", "immediately", "asap", "kindly", "ok", "okay", "just", "already", "i", "im",
        "am", "said", "sorry", "today", "right", "at", "once", "ty", "the", "these", "those", "everything", "my",
    ),
    objects=(*_MESSAGES, "subscription", "list", "consent", "contacting", "writing", "sending", "bothering",
             "harassing", "permission", "calling", "emailing"),
    nots=(
        "dont", "not", "never", "cant", "cannot", "wont", "couldnt", "wouldnt", "shouldnt", "didnt", "doesnt", "isnt",
        "non", "without", "nothing", "nobody", "cudnt", "aint", "wasnt", "hasnt", "havent",
    ),
    soft_nots=("no",),
    between=("ever", "even", "just", "really", "simply", "please", "to", "be", "seem", "want", "will", "gonna",
             "going"),
    others=(
        "bus stop", "tram stop", "train stop", "metro stop", "full stop", "pit stop", "door stop", "next stop",
        "one stop", "last stop", "first stop", "stop sign", "stop over", "stop light", "stop motion", "will stop by",
        "can stop by", "could stop by", "ill stop by", "to stop by", "stop and shop", "loss stop", "the stop near",
        "nearest stop", "what stop", "which stop",
    ),
    refusals=(
        Refusal(
            ("dont", "do not", "never", "please not", "didnt ask you to", "not to", "stop trying to", "dnt"),
            ("text", "txt", "message", "msg", "write", "contact", "send", "sms", "spam", "bother", "disturb", "call",
             "email", "mail", "notify"),
            but=("why dont", "why dont you", "why do not", "i never", "i dont", "i do not", "you never", "you dont",
                 "you do not", "dont you", "they dont", "they never", "it never", "if you dont"),
        ),
        Refusal(
            ("no more", "no further", "dont want", "do not want", "dont need", "do not need", "not want",
             "no longer want", "didnt ask for", "did not ask for", "dont like", "hate", "fed up with",
             "sick of", "tired of", "enough with", "never asked for", "not interested in"),
            (*_MESSAGES, "contacted", "texted"),
        ),
        Refusal(("i do not want you", "i dont want you", "want you not", "i never want you", "dont want to",
                 "do not want to"),
                ("text", "message", "write", "contact", "texting", "messaging", "receive", "hear", "recieve", "get")),
    ),
)  # fmt: skip
