"""Institutions by level, kind and full name: in a report of 眉山市彭山区, 区政府 is 眉山市彭山区人民政府.

A name says its level by the place it begins with (彭山区公安分局) or by a bare word for one (省, 市, 县, 区,
乡, 镇 …), and its kind by its ending. The full name puts the report's own place where the bare word stands
and writes settled short forms out (政府: 人民政府, 区委: 中共…委员会, 法院: 人民法院). Where the report does
not say which place is meant (市政府 in a district whose city it does not name), or no full form is settled
(公安分局), there is none. A bare 市 is the report's own place where that is a county-level city; a centre or
committee without any place (便民服务中心) is taken for the report's own, a township that is named lies in the
report's county. Ours, by hand; tests/models/institution_names.jsonl holds what the reference reports should
give, and evaluate/bench_values.py counts it. Not measured against an official register.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

import msgspec

from baogao.records import Report

InstitutionLevel = Literal["nation", "province", "city", "county", "township", "village"]
InstitutionKind = Literal[
    "government", "party", "congress", "consultative", "court", "procuratorate", "discipline", "department",
    "committee", "station", "village", "school", "company", "association", "media",
]  # fmt: skip


class Institution(msgspec.Struct, kw_only=True, frozen=True):
    """Who a span names; `level`, `kind` and `full_name` are None where the text does not tell. Kind "station"
    is a unit that serves or patrols below a department (所, 站, 队, 室)."""

    name: str
    level: InstitutionLevel | None = None
    kind: InstitutionKind | None = None
    full_name: str | None = None


class Place(msgspec.Struct, kw_only=True, frozen=True):
    """Where a report comes from, by level: (四川省, 眉山市, 彭山区, None)."""

    province: str | None = None
    city: str | None = None
    county: str | None = None
    township: str | None = None

    def name(self, level: InstitutionLevel | None) -> str | None:
        """The place as official names begin, from the city down (眉山市彭山区); None where not known."""
        if level not in ("province", "city", "county", "township") or getattr(self, level) is None:
            return None
        if level == "province":
            return self.province
        # The four municipalities are provinces and stand where other names have their city.
        city = self.city or (self.province if self.province and self.province.endswith("市") else None)
        parts = {"city": [city], "county": [city, self.county]}.get(level, [city, self.county, self.township])
        return "".join(part for part in parts if part)

    def lowest(self) -> str | None:
        """The smallest place known."""
        return self.name("township") or self.name("county") or self.name("city") or self.province


_TOWNSHIP = "(?P<township>[^省市县“”《》()]{2,10}?(?:街道|(?<!城)乡(?!村|建)|镇|苏木))?"
_PLACE = re.compile(
    "(?:中共|中国共产党|国家.{2,8}总局(?=.))?"
    "(?P<province>[^省市县区“”《》()]{2,8}?(?:省|自治区|特别行政区)|(?:北京|天津|上海|重庆)市)?"
    "(?P<city>[^省市县区乡镇“”《》()]{2,12}?(?:(?<!城)市(?!场)|自治州|盟|地区))?"
    "(?P<county>[^省市县区乡镇“”《》()]{1,12}?(?:(?<!治)县(?![级域])|自治旗|旗|(?<!城)市(?!场)"
    "|(?<![治社园片辖校景库小])区(?![级域块])))?" + _TOWNSHIP
)
_NO_COUNTY = re.compile("^[城老新本我全各山灾矿]区$|^[本我全各]县$|域")
_LEVELS: tuple[InstitutionLevel, ...] = ("township", "county", "city", "province")
_WORDS: list[tuple[str, InstitutionLevel]] = [
    ("全国|国家|中央|最高", "nation"),
    ("自治区|省(?!级)", "province"),
    ("市(?![场级]|.区)|州|盟", "city"),
    ("县(?![级域])|区(?![级域块])|旗", "county"),
    ("乡(?!村|.县)|镇(?!.{1,2}[市县区])|街道|苏木", "township"),
]
_NATIONAL: dict[str, tuple[InstitutionKind, str]] = {
    "党中央": ("party", "中国共产党中央委员会"),
    "中共中央": ("party", "中国共产党中央委员会"),
    "中央纪委": ("discipline", "中国共产党中央纪律检查委员会"),
    "中办": ("department", "中国共产党中央委员会办公厅"),
    "国办": ("department", "中华人民共和国国务院办公厅"),
    "国务院": ("government", "中华人民共和国国务院"),
    "全国人大": ("congress", "全国人民代表大会"),
    "全国人大常委会": ("congress", "全国人民代表大会常务委员会"),
    "全国政协": ("consultative", "中国人民政治协商会议全国委员会"),
    "最高法": ("court", "最高人民法院"),
    "最高检": ("procuratorate", "最高人民检察院"),
}
# Endings and their kinds, the more particular first.
_KINDS: list[tuple[str, InstitutionKind]] = [
    ("公司|集团|[银支]行|合作社|(?:律师|会计师)事务所", "company"),
    ("大学|学院|党校|学校|中学|小学|幼儿园", "school"),
    ("日报|晚报|电视台|电台|新华社|新华网|人民网|融媒体中心", "media"),
    ("协会|联合会|商会|学会|基金会|志愿(?:服务)?队|服务团|宣讲团|工会|妇联|团委|工商联|残联", "association"),
    ("纪委(?:监委)?|监委|纪律检查委员会|监察委员会", "discipline"),
    ("人大(?:常委会)?|人民代表大会(?:常务委员会)?", "congress"),
    ("政协|政治协商会议.*委员会", "consultative"),
    ("法院|中院|高院", "court"),
    ("检察院", "procuratorate"),
    ("政府|国务院|街道办|办事处|管委会|管理委员会", "government"),
    ("村委会|居委会|村民委员会|居民委员会|社区|村", "village"),
    ("党委|党工委|党组", "party"),
    ("站|窗口|队|所|[^公]室|[法政执]庭|医院|卫生院|仲裁院|公证处", "station"),
    ("委员会|小组|工作组|指挥部|专班|常委会|中心组|委", "committee"),
    ("[局厅部署处科]|办|办公室|中心|馆|海关|研究院", "department"),
]
_COMMITTEE = re.compile(
    "党?(?:工委|委员会|委)(?:常委会|常务委员会)?"
)  # what a party committee leaves after its place
_SPELLED: list[tuple[str, str]] = [
    ("^党委|^委(?:员会)?(?=$|常)", "委员会"),
    ("^党工委", "工作委员会"),
    ("常委会$", "常务委员会"),
    ("^政府", "人民政府"),
    ("^人大(?=$|常)", "人民代表大会"),
    ("^检察院$", "人民检察院"),
    ("^纪委$", "纪律检查委员会"),
    ("^监委$", "监察委员会"),
    ("(?<=街道)办$", "办事处"),
    ("^法制办(?:公室)?$", "人民政府法制办公室"),
    ("理论中心组$", "理论学习中心组"),
    ("(?:(?<=法制)|(?<=信访)|(?<=政府)|(?<=委))办$", "办公室"),
    ("市场监管(?=局)", "市场监督管理"),
    ("人社(?=[局厅])", "人力资源和社会保障"),
    ("发改(?=[局委])", "发展和改革"),
    ("卫健(?=[局委])", "卫生健康"),
    ("住建(?=[局厅])", "住房和城乡建设"),
    ("文旅(?=[局厅])", "文化和旅游"),
    ("工信(?=[局厅])", "工业和信息化"),
    ("医保(?=局)", "医疗保障"),
    ("城管(?=局)", "城市管理"),
    ("交通(?=[局厅])", "交通运输"),
    ("退役军人(?=[局厅])", "退役军人事务"),
    ("国资委$", "国有资产监督管理委员会"),
    ("(?:(?<=发展和改革)|(?<=卫生健康))委$", "委员会"),
]
# Bodies that a report names without a place when they are its own.
_OWN = re.compile("(?:领导小组|工作组|指挥部|专班|中心组|调解委员会|法治委|中心)$")
_RULE_OF_LAW = re.compile("委?(?:全面)?(?:依法治[省市县区旗]委员会|法治委(?:员会)?)(?P<office>办(?:公室)?)?$")
_COURTS = {"province": "高级人民法院", "city": "中级人民法院"}


def read_place(report: Report) -> Place:
    """The place of a report, from its issuer (its title, where the issuer is not known), level and province.

    >>> read_place(Report(id="a", file="a", issuer="眉山市彭山区人民政府", level="county")).name("county")
    '眉山市彭山区'
    """
    title = re.sub("^(?:关于)?(?:[0-9]{4}年度?)?", "", report.title or "")
    source = report.issuer or re.sub("[0-9]{4}年.*$", "", title)
    place = _read_place("".join(unicodedata.normalize("NFKC", source).split()))[0]
    province, city, county = report.province or place.province, place.city, place.county
    if city and not county and city.endswith("市") and report.level in ("county", "township"):
        city, county = None, city  # a county-level city stands alone
    return Place(province=province, city=city, county=county, township=place.township)


def _read_place(name: str) -> tuple[Place, int]:
    """The place a name begins with and where it ends in the name."""
    match = _PLACE.match(name)
    assert match is not None  # all of its parts may be absent
    if match["county"] and _NO_COUNTY.search(match["county"]):
        township = re.compile(_TOWNSHIP).match(name, match.start("county"))
        assert township is not None
        place = Place(province=match["province"], city=match["city"], township=township["township"])
        return place, township.end()
    return Place(**match.groupdict()), match.end()


def read_institution(text: str, place: Place | None = None) -> Institution:
    """Who `text` names in a report that comes from `place`.

    >>> home = Place(province="四川省", city="眉山市", county="彭山区")
    >>> read_institution("区政府", home).full_name, read_institution("区委", home).full_name
    ('眉山市彭山区人民政府', '中共眉山市彭山区委员会')
    """
    home = place or Place()
    name = "".join(unicodedata.normalize("NFKC", text).split())
    if name in _NATIONAL:
        kind, full = _NATIONAL[name]
        return Institution(name=text, level="nation", kind=kind, full_name=full)
    level, where, rest = _split(name, home)
    kind_found = "party" if level and _COMMITTEE.fullmatch(rest) else _kind(rest)
    if kind_found == "village" and (level or len(rest) > 2):
        level = "village"
    elif re.search("(?:派出|司法)所$", name):
        level = "township"
    elif level is None and re.search("^[^省市县区]*(?:总局|(?<![支干乐])部)$", name):
        level = "nation"  # 司法部, 市场监管总局: a ministry has no place before it
    full_name = _full_name(name, rest, where, level, kind_found, home)
    return Institution(name=text, level=level, kind=kind_found, full_name=full_name)


def _split(name: str, home: Place) -> tuple[InstitutionLevel | None, str | None, str]:
    """A name as (level, official place name or None, what follows the place)."""
    bare = re.sub("^(?:中共|中国共产党)", "", name)
    for word, level in _WORDS:
        match = re.match(word, bare)
        if match:
            if level == "city" and match[0] == "市" and home.county and home.county.endswith("市"):
                level = "county"
            elif level == "city" and not home.city and (home.province or "").endswith("市"):
                level = "province"
            return level, match[0] if level == "nation" else home.name(level), bare[match.end() :]
    named, end = _read_place(name)
    for level in _LEVELS:
        if getattr(named, level):
            own = getattr(home, level) == getattr(named, level) and home.name(level)
            written = re.sub("^(?:中共|中国共产党)", "", name[:end])
            if level == "township" and not (own or named.county or named.city):
                written = (home.name("county") or "") + written
            return level, max(own or "", written, key=len), name[end:]
    return None, None, bare


def _kind(rest: str) -> InstitutionKind | None:
    """The kind that an ending tells; a name in brackets at the end is passed over."""
    rest = re.sub(r"\([^()]*\)$", "", rest)
    for endings, kind in _KINDS:
        if re.search(f"(?:{endings})$", rest):
            return kind
    return None


def _full_name(
    name: str,
    rest: str,
    where: str | None,
    level: InstitutionLevel | None,
    kind: InstitutionKind | None,
    home: Place,
) -> str | None:
    if level == "nation":
        return f"中华人民共和国{name}" if re.fullmatch("[^省市县区]*[^支干乐总]部", name) else name
    office = re.fullmatch("(?P<township>.+?)(?:乡|镇|街道)?司法所", name)
    if office and home.county and not re.match("[省市县区旗]", name):
        return f"{home.name('county')}司法局{name}"
    if where is None and level is None:
        if re.search("(?:大学|学院|公司|日报)$", name):
            return name
        where = home.lowest() if _OWN.search(rest) else None
    if where is None or kind is None or rest.endswith("分局") or rest.startswith("纪委监委"):
        return None
    if kind == "consultative" and rest == "政协":
        return f"中国人民政治协商会议{where}委员会"
    if kind == "court" and rest in ("法院", "中院", "高院"):
        court = {"中院": "中级人民法院", "高院": "高级人民法院"}.get(rest)
        return where + (court or _COURTS.get(level or "", "人民法院"))
    if (law := _RULE_OF_LAW.match(rest)) and where[-1] in "省市县区旗":
        office_name = "办公室" if law["office"] else ""
        return f"中共{where}委全面依法治{where[-1]}委员会{office_name}"
    full = rest
    for pattern, spelled in _SPELLED:
        full = re.sub(pattern, spelled, full)
    party = kind == "party" or re.match("党?委(?!员会)", rest)
    return ("中共" if party or rest == "纪委" else "") + where + full
