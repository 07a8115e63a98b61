"""Recognise dates and times of day in the formats of people and programs.

Stricter than date parsers, which also accept ``10-20``, ``5`` or a version number. A text is a
date only if every part of it belongs to one: days, months and years within their bounds, names of
months and weekdays in the languages below, a time of day, a time zone.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["is_date"]

# full names, without accents
MONTHS_TEXT = """
january february march april may june july august september october november december
januar februar marz mrz mai juni juli oktober dezember janner feber
janvier fevrier mars avril juin juillet aout septembre octobre novembre decembre
enero febrero marzo abril mayo junio julio agosto septiembre setiembre octubre noviembre diciembre
janeiro fevereiro marco maio junho julho setembro outubro novembro dezembro
gennaio febbraio aprile maggio giugno luglio settembre ottobre dicembre
januari februari maart mrt mei augustus
marts maj augusti desember
stycznia styczen lutego luty marca marzec kwietnia kwiecien maja czerwca czerwiec lipca lipiec
sierpnia sierpien wrzesnia wrzesien pazdziernika pazdziernik listopada listopad grudnia grudzien
ledna leden unora unor brezna brezen dubna duben kvetna kveten cervna cerven cervence cervenec
srpna srpen zari rijna rijen prosince prosinec
tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesakuuta heinakuuta elokuuta syyskuuta
lokakuuta marraskuuta joulukuuta
ocak subat mart nisan mayis haziran temmuz agustos eylul ekim kasim aralik
januarie februarie martie aprilie iunie iulie septembrie octombrie noiembrie decembrie
majus junius julius augusztus szeptember
января январь февраля февраль марта март апреля апрель мая маи июня июнь июля июль августа август
сентября сентябрь октября октябрь ноября ноябрь декабря декабрь
"""
WEEKDAYS_TEXT = """
monday tuesday wednesday thursday friday saturday sunday
montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag
lundi mardi mercredi jeudi vendredi samedi dimanche
lunes martes miercoles jueves viernes sabado domingo
segunda terca quarta quinta sexta
lunedi martedi mercoledi giovedi venerdi sabato domenica
maandag dinsdag woensdag donderdag vrijdag zaterdag zondag
mandag tirsdag onsdag torsdag fredag lordag sondag tisdag
poniedzialek wtorek sroda czwartek piatek sobota niedziela
понедельник вторник среда четверг пятница суббота воскресенье пн вт ср чт пт сб вс
"""
MONTHS, WEEKDAYS = MONTHS_TEXT.split(), WEEKDAYS_TEXT.split()
FILLING = {"of", "the", "de", "del", "den", "le", "feira", "at", "um", "om", "kl", "klo", "г", "р"}
FILLING |= {"года", "r"}

# full names and their first letters, as abbreviations
MONTH = {name[:end] for name in MONTHS for end in range(min(3, len(name)), len(name) + 1)}
# those that are hardly anything else: "Set 5" and "Gen 3" are not days of settembre and gennaio
SURE = {name[:end] for name in MONTHS[:12] for end in range(3, len(name) + 1)}
SURE |= {name for name in MONTHS if len(name) > 4}
WEEKDAY = {name[:end] for name in WEEKDAYS for end in range(2, len(name) + 1)}

LONGEST = 80  # characters
WORD = re.compile(r"[^\W\d_]+")
ORDINAL = re.compile(r"(?<=\d)(st|nd|rd|th|er|o)\b")

D, M, Y = r"(0?[1-9]|[12]\d|3[01])", r"(0?[1-9]|1[0-2])", r"[12]\d{3}"
MM, DD = r"(0[1-9]|1[0-2])", r"(0[1-9]|[12]\d|3[01])"
YEAR = rf"({Y}|'?\d\d)"
SIGN, GAP = r" ?[-/.] ?", r"[-/., ]*"
NAMED, NAMED_SURELY = "<m>s?", "<m>s"  # marks that replace the name of a month
DAY = "|".join((
    rf"{Y}{SIGN}{M}({SIGN}{D})?\.?",  # 2020-01-05, 2020/1
    rf"({D}{SIGN}{M}|{M}{SIGN}{D}){SIGN}{YEAR}",  # 05.01.2020, 1/5/20
    rf"{M}[-/]{Y}",  # 01/2020
    rf"{D}{GAP}({NAMED}{GAP}{YEAR}|{NAMED_SURELY})",  # 5 Jan 2020, 05JAN20, 5-Jan
    rf"{NAMED}{GAP}{D}{GAP}{Y}",  # Jan 5, 2020
    rf"{NAMED}{GAP}{Y}|{NAMED_SURELY}{GAP}'?\d{{1,2}}",  # Jan-2020, Jan-20
    rf"{Y}{GAP}{NAMED}({GAP}{D}\.?)?",  # 2020-Jan-05
    rf"{Y}[-/ ]?q[1-4]|q[1-4][-/ ]?{Y}",  # 2020Q1
    rf"{Y}-?w[0-5]\d(-?[1-7])?",  # 2020-W05-1
    rf"{Y}年 ?{M}月( ?{D}日)?|{Y}년 ?{M}월( ?{D}일)?",
))  # fmt: skip
CLOCK = r"\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?( ?[ap]\.?m\b\.?)?"
ZONE = r"( ?(z|utc|gmt|[+-]\d{2}:?\d{2}))?"
# only after a date: 10, 10.15, 10h15, 101500; CET, GMT+1, Europe/Berlin
TIME = rf"({CLOCK}|\d{{1,2}}( ?[h.] ?\d{{2}}|h|\d{{2}}(\d{{2}}([.,]\d+)?)?)?( ?[ap]\.?m\b\.?)?)"
PLACE = (
    r"( ?[a-z]{1,5}(?![a-z/]))?( ?[+-]\d{1,2}(:?\d{2})?)?"
    r"( ?[a-z]+/[a-z_/]+)?( ?[(\[][^\])]*[\])])?"
)
BETWEEN = r"([t, ]+|:)"
DATE = re.compile(
    rf"({DAY})({BETWEEN}{TIME}{PLACE}|z|[+-]\d\d:\d\d)?"
    rf"|{Y}{MM}{DD}[t_ -]\d{{2}}(:?\d{{2}}){{0,2}}([.,]\d+)?{ZONE}"  # 20200105T101500Z
    rf"|{NAMED} {D},? {CLOCK}( [a-z]{{3,5}}| [+-]\d{{4}})? {Y}"  # Jan 5 10:15:00 UTC 2020
    rf"|{CLOCK}{ZONE}(,? ({DAY}))?",
    re.ASCII,
)


def is_date(text: str) -> bool:
    """Return whether a text is a date, a month or quarter of a year, a time of day, or several.

    Digits alone are a number: ``20200105`` is not a date.
    """
    return DATE.fullmatch(_plain(text)) is not None


def _plain(text: str) -> str:
    """Return a text in lower case without accents, weekdays and filler words, months marked."""
    if len(text) > LONGEST or not any(map(str.isdecimal, text)):
        return ""
    if not text.isascii():
        parts = unicodedata.normalize("NFKD", text)
        bare = "".join(letter for letter in parts if not unicodedata.combining(letter))
        text = unicodedata.normalize("NFC", bare).replace("ı", "i").replace("ł", "l")
    text = ORDINAL.sub("", text.casefold())
    words = {*WORD.findall(text)}
    months, weekdays = words & MONTH, words & WEEKDAY
    named = months if months <= weekdays else months - weekdays  # mar. is March and a Tuesday
    marks = dict.fromkeys(weekdays - named | FILLING, "") | {
        name: "<m>s" if name in SURE else "<m>" for name in named
    }
    text = WORD.sub(lambda word: marks.get(word[0], word[0]), text)
    text = re.sub(rf"({NAMED})\.", r"\1", text)
    return " ".join(text.replace("()", "").split()).strip(" .,-")
