"""Scrambled text is brought back where it tells what it was, and marked where it does not."""

import pytest

from baogao.corpus.mapped import Mapped
from baogao.corpus.scramble import MARK, repair

# Enough of a scrambled page around a phrase for the repair to see what it deals with.
AROUND = "臨河區(qū)堅(jiān)持黨的領(lǐng)導(dǎo),"


def mend(text: str) -> str:
    source = f"{AROUND}{text}"
    line = repair([Mapped.plain(source, 0)], source).lines[0].clean()
    assert line.text.startswith("临河区坚持党的领导,")
    return line.text.removeprefix("临河区坚持党的领导,")


@pytest.mark.parametrize(
    ("scrambled", "clean"),
    [
        ("貫徹落實(shí)全會(huì)精神", "贯彻落实全会精神"),
        ("貫徹落實（shí）全會 (huì) 精神", "贯彻落实全会精神"),
        ("們(men)", "们"),
        ("提供堅(jiān)強(qiáng)保障?,F(xiàn)將情況報(bào)告如下", "提供坚强保障。现将情况报告如下"),
        ("提供保障?，F(xiàn)將情況", "提供保障。现将情况"),
        ("提供保障?,F將情況", "提供保障。现将情况"),
        ("刊發(fā)多部?jī)?yōu)秀作品", "刊发多部优秀作品"),
        ("組建專家?guī)?,推?dòng)化解", "组建专家库,推动化解"),
        ("致力為推動?xùn)|莞發(fā)展", "致力为推动东莞发展"),
        ("著力提升,取得顯著成績", "着力提升,取得显著成绩"),
        ("要率先突破?！盵2]法治", "要率先突破。”[2]法治"),
        ("PPP(政府和社會資本合作)項(xiàng)目", "PPP(政府和社会资本合作)项目"),
        ("(一)加強(qiáng)學(xué)習(xí)", "(一)加强学习"),
        ("第(2)項(xiàng),APP(客戶端)", "第(2)项,APP(客户端)"),
        ("加強(qiáng),,持續(xù)用力,、不斷提升,;強(qiáng)化,,落實(shí)", "加强,持续用力、不断提升;强化,落实"),
    ],
)
def test_repair(scrambled, clean):
    assert mend(scrambled) == clean


def test_what_nothing_tells_is_marked_and_counted():
    source = AROUND + "與?yì)的"
    result = repair([Mapped.plain(source, 0)], source)
    assert result.lines[0].text.endswith(f"与{MARK}的")
    assert (result.lost, result.repaired) == (1, 0)


def test_simplified_text_is_left_alone():
    text = "佤(wǎ)族乡的名著《乾隆》,PPP(政府和社会资本合作),为什么?因为后来居上,著力"
    result = repair([Mapped.plain(text, 0)], text)
    assert result.lines[0].text == text
    assert not result.traditional


def test_every_character_of_a_repaired_line_maps_to_where_it_came_from():
    source = AROUND + "保障?,F(xiàn)將"
    line = repair([Mapped.plain(source, 0)], source).lines[0]
    places = {char: source[slice(*line.source(i))] for i, char in enumerate(line.text)}
    assert places["区"] == "區(qū)"
    assert places["。"] == "?"  # and half of the comma
    assert places["现"] == ",F(xiàn)"
    assert places["将"] == "將"
    assert line.source(0) == (0, 1)


def test_a_line_without_any_other_traditional_character_is_converted_with_its_page():
    lines = [AROUND, "(二)著力提升依法治理水平", "简体菜单里的名著"]
    found = repair([Mapped.plain(text, 0) for text in lines], "".join(lines)).lines
    assert [line.text for line in found[1:]] == ["(二)着力提升依法治理水平", "简体菜单里的名著"]
