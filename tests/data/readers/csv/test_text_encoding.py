from __future__ import annotations

import pytest

from narrows.data.readers.csv.text_encoding import is_binary, legacy_encoding, marked_encoding

PEOPLE = {
    "cp1252": "Straße;Größe\nHauptstraße 5;groß\n",
    "latin-1": "prénom,âge\nÉlodie,3\nGaëlle,5\n",
    "cp1250": "jméno;město\nJiří;Plzeň\nŽofie;Třebíč\nLukáš;Děčín\n",
    "cp1251": "имя;город\nИван;Москва\nОльга;Санкт-Петербург\n",
    "koi8-r": "имя;город\nИван;Москва\nОльга;Санкт-Петербург\n",
    "cp1253": "όνομα;πόλη\nΓιώργος;Αθήνα\nΜαρία;Θεσσαλονίκη\n",
    "cp1254": "isim;şehir\nAyşe;İstanbul\nÇağrı;Eskişehir\n",
    "shift_jis": "名前,都市\n太郎,東京\n花子,大阪\n",
    "gb18030": "姓名,城市\n王伟,北京\n李娜,上海\n",
    "cp850": "Straße;Größe\nHauptstraße 5;groß\n",
    "mac_roman": "prénom,âge\nÉlodie,3\nGaëlle,5\n",
}


@pytest.mark.parametrize("encoding", PEOPLE)
def test_names_of_people_and_towns_tell_their_encoding(encoding):
    raw = (PEOPLE[encoding] * 5).encode(encoding)
    found = legacy_encoding(raw.splitlines())
    assert found is not None
    assert raw.decode(found) == PEOPLE[encoding] * 5


@pytest.mark.parametrize("text", ["temp °C,x", "5 µm,2 ±3", "£5,x", "3 €", "one café"])
def test_a_single_sign_among_numbers_is_western_european(text):
    assert legacy_encoding([b"1,2", text.encode("cp1252")]) == "cp1252"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_marks_and_zeros_tell_unicode(encoding):
    raw = "name,größe\nx,5\n".encode(encoding)
    found = marked_encoding(raw)
    assert found is not None
    assert raw.decode(found) == "name,größe\nx,5\n"
    assert marked_encoding(b"name,x\n") is None


def test_control_characters_tell_what_is_no_text():
    assert is_binary(bytes(range(256)))
    assert not is_binary(b"a\tb\r\n\x0c1\x1f2\n")
