"""What somebody answers, understood."""

from __future__ import annotations

import pytest

from triggers.inbound import LANGUAGES, Help, Keyword, Meaning, Nothing, OptOut, Start, clashes, classify
from triggers.messages.transliteration import SCHEMES, transliterated

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
    "Stop it", "STOP ALL TEXTS", "stop sms", "Stop messages", "please remove my number",
    "Remove me from this list please", "Unsubscribe please", "I want to unsubscribe", "how do i unsubscribe",
    "How do I stop these", "how do i opt out of this", "Opt me out", "I would like to opt out",
    "Stop contacting me", "Quit texting me", "Do not text this number again", "Don't ever text me again",
    "DO NOT CONTACT", "Please don't send me any more", "please do not message me", "no more",
    "No more of these please", "I don't want to receive these anymore", "i dont want your messages",
    "I did not sign up for this stop", "Not interested thanks", "Leave me alone!!", "who are you? stop",
    "fuck off", "Lose my number", "delete me from your list", "Take me off this", "please cease", "End.",
    "End please", "Cancel subscription", "cancel all messages", "REVOKE CONSENT", "I revoke my consent",
    "stop spamming", "stop spam", "Stop bothering me", "stop calling me", "You have the wrong number", "st0p",
    "sToP", "St0p please", "\"stop\"", "(STOP)", "STOP STOP", "stpo", "отпишите", "Отпишите меня пожалуйста",
    "Отписаться от рассылки", "СТОП СМС", "стоп рассылка", "Прекратите слать смс", "Прекратите рассылку",
    "Прошу прекратить рассылку", "прошу больше не беспокоить", "Не присылайте больше", "не пишите",
    "Больше не пишите мне", "не надо мне писать", "Не надо мне слать рекламу", "уберите мой номер из базы",
    "удалите мой номер из рассылки", "я не подписывался, удалите", "Отключите смс рассылку",
    "отмените подписку", "отменить подписку", "Хочу отписаться", "как отписаться",
    "Как отписаться от этих смс?", "Стоп, пожалуйста!", "хватит спамить", "Хватит уже", "отстаньте от меня",
    "надоели со своими смс", "задолбали ваши смс", "не интересует", "Не нужно", "Мне это не интересно",
    "Отказываюсь от рассылки", "Не хочу получать ваши сообщения", "не шлите мне больше ничего",
    "Я не давала согласие на рассылку", "Arrêtez les sms", "Stop pub", "STOP PUB", "Je veux me désabonner",
    "Désabonnez moi svp", "Merci de ne plus m'envoyer de messages", "ne me contactez plus", "Stop svp",
    "Bitte keine SMS mehr", "Bitte keine Nachrichten mehr", "Ich möchte keine Werbung mehr",
    "Bitte nicht mehr schreiben", "Abmelden bitte", "Newsletter abbestellen", "ich möchte mich abmelden",
    "Hört auf mir zu schreiben", "No quiero recibir más mensajes", "Por favor no me manden más mensajes",
    "Quiero darme de baja", "dejen de enviarme mensajes", "No me molesten", "stop por favor",
    "non mandatemi più messaggi", "basta sms", "voglio cancellarmi", "pare de enviar mensagens",
    "não me mandem mais mensagens", "quero cancelar",
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
    "Hi", "Hello", "thank you", "Thanks!", "ok thanks", "Yes", "No", "Y", "N", "1", "5", "Ok", "👍",
    "I will be there at 5", "When do you open?", "Is this available in red?", "What time do you close today",
    "Where is my order?", "My order 123 hasn't arrived", "Can I change my delivery address",
    "I want to return it", "How much is shipping?", "do you deliver on sunday", "The kettle stopped working",
    "my kettle stopped after two days", "it has stopped charging", "The offer is great", "love it",
    "call me please", "Please call me back", "text me when it's ready", "send me the link",
    "Please send me more info", "I didn't get the message", "I have not received my order",
    "can you cancel order 55", "Please cancel my order", "I need to cancel my appointment", "cancel delivery",
    "end of month is fine", "at the end of the week", "I'd like to quit my job lol", "see you at the bus stop",
    "I can't stop eating these", "we won't stop loving you", "Don't stop the good work", "nonstop",
    "subscribe me", "how do I start?", "No problem", "not yet", "never mind", "no worries", "I'm interested",
    "remove the blue one from my order", "please remove item 2", "is it in stock", "Merry Christmas", "Got it",
    "Здравствуйте", "Добрый день, где мой заказ?", "Спасибо большое", "да, хочу", "ок", "Хорошо",
    "Сколько стоит доставка?", "Есть ли в наличии чайник?", "перезвоните мне", "Позвоните мне",
    "Отмените заказ пожалуйста", "хочу отменить заказ", "не могу оплатить", "не приходит код",
    "мне не пришло смс с кодом", "Не работает ссылка", "Ссылка не открывается", "не понимаю",
    "почему вы не отвечаете", "напишите мне когда будет", "пришлите ссылку", "Не забудьте про меня",
    "не останавливайтесь на достигнутом", "автобус не доехал до остановки", "Остановка рядом?", "я без чайника",
    "Без сахара", "конец недели подойдёт", "В конце месяца", "Можно удалить товар из заказа?",
    "Уберите один чайник из заказа", "Достаточно одного", "Хватит ли одного?", "подписка сколько стоит",
    "Bonjour", "Merci beaucoup", "Où est ma commande?", "je n'ai pas reçu mon colis", "je n'ai pas reçu le sms",
    "Oui", "d'accord", "Danke", "Wo ist meine Bestellung?", "Ja", "Nein", "ich habe keine SMS bekommen", "Hola",
    "¿Dónde está mi pedido?", "Gracias", "Sí", "No he recibido mi pedido", "Para mañana", "Grazie",
    "Dov'è il mio ordine?", "Non ho ricevuto il pacco", "Va bene", "Obrigado", "Onde está o meu pedido?", "Sim",
    "Não recebi",
)  # fmt: skip


ERRS_ON_THE_SIDE_OF_OPTING_OUT = (
    "Why did my order stop in Kazan?", "не надо звонить в дверь", "WIN: where does it stop", "stop by our house",
)  # fmt: skip


def understood(text: str, *languages: str) -> Meaning:
    return classify(text, languages or tuple(LANGUAGES), KEYWORDS)


@pytest.mark.parametrize("text", OPTS_OUT)
def test_who_wants_no_more_messages_is_understood(text: str) -> None:
    assert isinstance(understood(text), OptOut)


@pytest.mark.parametrize("text", ERRS_ON_THE_SIDE_OF_OPTING_OUT)
def test_what_could_be_an_opt_out_is_one(text: str) -> None:
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


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("said", ["СТОП", "Отписаться", "отписка", "ОТПИШИТЕ!"])
def test_a_word_that_a_transliterated_text_asked_for_opts_out(said: str, scheme: str) -> None:
    assert isinstance(classify(transliterated(said, scheme), ["ru"], KEYWORDS), OptOut)


def test_transliterated_words_are_of_their_language_and_take_none_from_another() -> None:
    assert classify("otpiska", ["ru"], {}) == OptOut("ru")
    assert classify("otpiska", ["fr"], {}) == Nothing()
    assert classify("STOP", ["ru"], {}) == OptOut("en")
