"""What somebody answers, understood."""

from __future__ import annotations

import pytest

from triggers.inbound import LANGUAGES, Help, Keyword, Meaning, Nothing, OptOut, Start, clashes, classify

KEYWORDS = {"win": ("WIN", "ПРИЗ"), "score": ("ОЦЕНКА", "my score")}

OPTS_OUT = (
    "STOP", "stop", "Stop.", "STOP!!!", "S T O P", "s.t.o.p", "S-T-O-P", "st op", "STOPALL", "stop all",
    "STOP ALL!", "please stop texting me", "Please stop.", "dont text me anymore", "don't text me anymore",
    "don’t text me", "do not contact me again", "stop stop stop", "STOOOP", "ST0P", "ЅТОР", "СТOП", "ѕtоp",
    "Ｓｔｏｐ", "𝐒𝐓𝐎𝐏", "s\u200bt\u200bo\u200bp", "ⓢⓣⓞⓟ", "🅂🅃🄾🄿", "🅢🅣🅞🅟", "🆂🆃🅾🅿", "🛑", "quit", "End", "REVOKE",
    "opt out", "Opt-out", "OPTOUT", "opt me out please", "cancel", "CANCEL please", "unsubscribe",
    "Unsubscribe me from this list", "end these messages", "cancel my subscription", "remove me",
    "remove me from your list", "take me off your list", "leave me alone", "no more texts",
    "no more messages please", "I said stop", "why won't you stop texting me", "can you stop", "stop it now",
    "Stop sending me this crap", "i don't want these texts", "I do not want to receive messages",
    "wrong number", "Not interested", "no thanks", "never text me again", "who is this? stop", "Don't, stop!",
    "no. stop.", "стоп", "СТОП", "Стоп пожалуйста", "стоп!!!", "С Т О П", "с.т.о.п", "отписаться", "ОТПИСАТЬСЯ",
    "отпишите меня", "пожалуйста, отпишите меня от рассылки", "не пишите мне больше",
    "больше не присылайте смс", "хватит слать спам", "хватит", "прекратите", "прекратите писать",
    "перестаньте мне писать", "не хочу получать рассылку", "не надо мне больше писать", "отстаньте",
    "удалите мой номер", "отзываю согласие", "достали", "отключите рассылку", "отмена", "не надо",
    "больше никаких смс", "arret", "ARRÊT", "Arrêtez", "arrêtez de m'envoyer des sms", "STOP SVP", "désabonner",
    "desabonnez-moi", "ne m'envoyez plus de messages", "ne m’écrivez plus", "plus de sms",
    "je ne veux plus recevoir vos messages", "laissez-moi tranquille", "fin", "stopp", "Abmelden",
    "bitte abmelden", "keine SMS mehr", "schreiben Sie mir nicht mehr", "keine Werbung mehr", "hören Sie auf",
    "hör auf", "ich widerrufe meine Einwilligung", "Ende", "baja", "BAJA por favor", "darme de baja", "no más",
    "no mas", "no me envíen más mensajes", "no quiero recibir mensajes", "no me escriban", "déjenme en paz",
    "alto", "cancelar", "basta", "basta messaggi", "non scrivetemi più", "cancellatemi", "disiscrivimi",
    "non voglio ricevere messaggi", "sair", "parar", "não me enviem mais mensagens", "não quero receber",
    "STOP 2", "stop win", "отпишись!!",
)  # fmt: skip

DOES_NOT = (
    "don't stop", "dont stop", "Don’t stop!", "I can't stop laughing", "не останавливайтесь",
    "non-stop delivery?", "do you have non-stop delivery?", "never stop", "Don't ever stop",
    "please don't stop", "don't stop texting me", "is there a bus stop near the shop?", "I'll stop by tomorrow",
    "hello", "Hi, when will my order arrive?", "thanks", "ok", "yes", "да", "нет", "no", "спасибо",
    "Спасибо, всё пришло", "когда привезут заказ?", "не приходит смс с кодом", "I never got my text",
    "why don't you text me", "я не получила заказ", "почему не присылаете смс?", "не прекращайте", "стоп-кран",
    "нон-стоп", "non arrêtez pas", "n'arrêtez pas", "n'arrêtez jamais", "je ne peux pas m'arrêter de rire",
    "où est l'arrêt de bus?", "nicht aufhören", "hört nicht auf", "no paren", "no pares", "non fermatevi",
    "não parem", "cancel my order please", "can I cancel order 15?", "отмените заказ 15",
    "when does the sale end?", "Is the weekend offer on?", "42", "😀", "???", "help me choose a kettle", "Fine",
    "fin de semana", "start when?", "don't start", "what a great spend", "info about delivery please tell",
    "kettle", "I have stopped by", "unstoppable", "stopwatch price?", "desktop", "laptop", "stoplight", "Anna",
    "привет", "не надо торопиться", "мне не пришла смс", "don't worry", "I don't write much",
)  # fmt: skip


def understood(text: str, *languages: str) -> Meaning:
    return classify(text, languages or tuple(LANGUAGES), KEYWORDS)


@pytest.mark.parametrize("text", OPTS_OUT)
def test_who_wants_no_more_messages_is_understood(text: str) -> None:
    assert isinstance(understood(text), OptOut)


@pytest.mark.parametrize("text", DOES_NOT)
def test_who_says_something_else_goes_on_getting_messages(text: str) -> None:
    assert not isinstance(understood(text), OptOut)


@pytest.mark.parametrize(
    "text",
    ["stop", "stopall", "stop all", "quit", "end", "revoke", "opt out", "cancel", "unsubscribe", "arret", "СТОП",
     "ОТПИСАТЬСЯ"],
)  # fmt: skip
def test_the_words_of_the_law_opt_out_alone_and_beside_a_courtesy(text: str) -> None:
    assert isinstance(understood(text), OptOut)
    assert isinstance(understood(f"{text} please"), OptOut)


@pytest.mark.parametrize(
    ("text", "language"),
    [("HELP", "en"), ("help!", "en"), ("Help please", "en"), ("H E L P", "en"), ("INFO", "en"), ("помощь", "ru"),
     ("Помощь, пожалуйста", "ru"), ("AIDE", "fr"), ("Hilfe", "de"), ("ayuda", "es"), ("aiuto", "it"), ("ajuda", "pt")],
)  # fmt: skip
def test_who_asks_for_help_is_understood_in_his_language(text: str, language: str) -> None:
    assert understood(text) == Help(language)


@pytest.mark.parametrize(
    ("text", "language"),
    [("START", "en"), ("start!", "en"), ("unstop", "en"), ("Старт", "ru"), ("старт пожалуйста", "ru"),
     ("anmelden", "de"), ("alta", "es"), ("voltar", "pt")],
)  # fmt: skip
def test_who_wants_messages_again_is_understood(text: str, language: str) -> None:
    assert understood(text) == Start(language)


@pytest.mark.parametrize("text", ["don't start", "when does it start?", "start my order", "I want to start a garden"])
def test_a_sentence_with_start_in_it_starts_nothing(text: str) -> None:
    assert understood(text) == Nothing()


def test_help_with_something_is_no_call_for_help() -> None:
    assert understood("help me choose a kettle") == Nothing()


@pytest.mark.parametrize("text", ["WIN", "win!", "w i n", "WIN 42", "приз", "Win: my answer is blue"])
def test_a_keyword_is_known_alone_and_at_the_beginning(text: str) -> None:
    assert understood(text) == Keyword("win")


def test_a_keyword_of_two_words_is_known_and_one_inside_a_text_is_not() -> None:
    assert understood("My score 9") == Keyword("score")
    assert understood("I hope to win") == Nothing()


def test_an_opt_out_goes_before_a_keyword() -> None:
    assert isinstance(understood("WIN stop"), OptOut)


def test_only_words_of_enabled_languages_and_english_are_understood() -> None:
    assert understood("basta", "ru") == Nothing()
    assert isinstance(understood("basta", "es"), OptOut)
    assert isinstance(understood("quit", "ru"), OptOut)
    assert isinstance(understood("хватит", "ru"), OptOut)


def test_a_text_without_a_letter_means_nothing() -> None:
    for text in ("", " ", "\u200b", "???", "\x00", "😀", "\ud800"):
        assert understood(text) == Nothing()


def test_a_word_that_has_a_meaning_can_be_no_keyword() -> None:
    assert clashes("Stop", ("en",))
    assert clashes("помощь", ("ru",))
    assert clashes("!!!", ("en",))
    assert not clashes("win", ("en",))


def test_every_language_names_where_its_words_come_from_and_understands_its_own() -> None:
    for language in LANGUAGES.values():
        assert language.sources
        for said in (*language.stop, *language.alone):
            assert isinstance(understood(said, language.code), OptOut), said
        for said in language.help:
            assert isinstance(understood(said, language.code), Help), said
        for said in language.start:
            assert isinstance(understood(said, language.code), Start), said
