"""What stands on a government page around a report: how each kind of line, and each kind of text glued to
the report's first or last line, is told.

The patterns name the widgets, labels and notices that Chinese government sites share; none names a site.
Lines are clean (see Mapped.clean); patterns hold bounded repeats only, so no line can make them slow.
"""

from __future__ import annotations

import re

_DATE = r"(?:19|20)\d\d\s?(?:[-/.]\d{1,2}[-/.]\d{1,2}|年\s?\d{1,2}\s?月\s?\d{1,2}\s?日)"
_TIME = r"(?:\s{0,3}[T上下]?午?\s?\d{1,2}[:：]\d\d(?:[:：]\d\d)?)"
_SIZES = r"(?:[特超]?大|中|小|默认|较[大小]|标准|正常|还原|[+＋A-][-A+]?|T\|T)"

#: A label with its value: 发布时间:2024-03-29, 来源:区司法局, 浏览次数:123次, 字号:[大 中 小].
_DATED = r"(?:(?:信息)?(?:发布|发表|更新|添加|录入|上传|生成|公开|成文|发文|印发|撰写|签发|审核)?(?:时间|日期)|时间|日期)"
_COUNTED = r"(?:浏览|阅读|点击|访问|查看|点赞|下载|人气|已有|关注)(?:次数|量|数|总数|率|人数)?|阅读次数|Views?|Hits?|评论数?"
_SOURCED = (
    r"(?:信息|稿件|文章|内容|新闻)?(?:来源|出处)(?:单位|部门|于)?|发布(?:机构|单位|者|人|部门)|发文(?:机构|机关|单位|部门)"
    r"|公开(?:责任)?(?:部门|主体|单位)|制发机关|发布机关|信息提供(?:单位)?|供稿(?:单位|人)?|(?:责任|值班|本文|网络)?编辑|作者|撰稿|录入(?:者|人)?"
    r"|审[核稿签](?:人|者)?|责编|校对|通讯员|记者|摄影|初审|复审|终审|监制|责任者|签发人?|文章作者|信息员"
)
_SIZED = (
    r"(?:页面|正文|文字|文章|选择)?(?:字号|字体|字体大小|文字大小|字体显示|字号大小)(?:选择|调整|设置|切换)?"
)

_SIZE_WIDGET = rf"[【\[(（]?\s?{_SIZED}\s?[:：]?\s?[\[【(（]?\s?(?:{_SIZES}[\s|/、·]{{0,3}}){{0,6}}[\])）】]?\s?[】\])）]?"
_BARE_SIZES = r"[【\[(（]?\s?(?:大\s?[|/·]?\s?中\s?[|/·]?\s?小|小\s?[|/·]?\s?中\s?[|/·]?\s?大|A[-－]\s?A\s?A?[+＋]?|[Tt]\s?\|\s?[Tt])\s?[\])）】]?"
_DATE_WIDGET = rf"{_DATED}\s?[:：]\s?(?:{_DATE})?{_TIME}?"
_COUNT_WIDGET = rf"(?:{_COUNTED})\s?[:：]?\s?[\[(（]?\s?\d{{0,9}}\s?[\])）]?\s?(?:次|人次|人|℃|位)?"
# A name after 来源: ends where the next label begins.
_VALUE = r"(?:(?!发布|浏览|字[号体]|时间|日期|作者|来源|编辑|点击|阅读|打印|分享|关闭|访问|审核|[【\[|])[^\s:：。,，]){0,30}"
_SOURCE_WIDGET = rf"(?:{_SOURCED})\s?[:：]\s?{_VALUE}"
_BUTTON = (
    r"(?:我要)?打印(?:本[页文]|此[页文]|页面|正文|文章|内容|预览)?|(?:我要)?关闭(?:本?窗口|本?页面?|此页|此窗口|网页)?|(?:加入|添加|我要)?收藏(?:本[页文站]|夹|此页|网页)?|(?:我要|页面|内容)?纠错"
    r"|(?:我要|一键)?分享(?:到|至)?(?:[:：]|微信|微博|朋友圈|新浪微博|QQ空间|腾讯微博|人人网|豆瓣网?|[\s、|/]){0,10}|返回(?:顶部|首页|列表|上一?[页级]|主页|页首|目录)?|回到?顶部|复制链接"
    r"|(?:在线|语音)?(?:朗读|播报|读屏)(?:本[页文]|全文|正文)?|(?:下载|导出)(?:本[页文]|文档|正文|全文|PDF|Word)?|保存(?:本页|网页)?|推荐(?:给好友)?|点赞|转发|评论|更多分享|微信|微博|新浪微博|腾讯微博|QQ空间|QQ好友|朋友圈|人人网"
    r"|无障碍(?:浏览|阅读|版)?|(?:长者|老年|关怀|适老)(?:模式|版)|大字版|繁體?体?版?|简体版?|English|EN"
)
_BUTTONS = rf"[【\[(（]?\s?(?:{_BUTTON})\s?[】\])）]?"
_COLOURS = r"(?:视力保护色|背景(?:颜)?色|护眼色?)\s?[:：]?(?:\s?[白黄绿蓝粉灰黑杏秋叶褐胭脂红芥末天蓝雪青灰银河橄榄色默认]{1,6}){0,9}"

_WIDGET = rf"(?:{_DATE_WIDGET}|{_SOURCE_WIDGET}|{_COUNT_WIDGET}|{_SIZE_WIDGET}|{_BARE_SIZES}|{_COLOURS}|{_BUTTONS}|{_DATE}{_TIME}?)"
_GAP = r"[\s|丨│/·•\-—、;；,，>]{0,6}"

#: A line that is nothing but widgets.
# Atomic: a widget once matched is not tried another way, so the time is linear.
_WIDGETS = re.compile(rf"(?>{_GAP}{_WIDGET}){{1,14}}+{_GAP}", re.IGNORECASE)
#: One widget at the start of a line that goes on with something else.
_HEAD = re.compile(
    rf"{_GAP}(?:{_SIZE_WIDGET}|{_BARE_SIZES}|(?:{_SOURCE_WIDGET})(?=\s)|{_DATE_WIDGET}|(?:{_COUNTED})\s?[:：]\s?\[?\d{{0,9}}\]?\s?次?|{_COLOURS}"
    rf"|[【\[]\s?(?:{_BUTTON})\s?[】\]]|(?:我要)?打印(?:本页)?(?=[\s|【\[])|分享(?:到|至)?\s?[:：]|关闭窗口)",
    re.IGNORECASE,
)

#: Starts of lines that belong to the page after a report, wherever they stand.
_TAIL_START = re.compile(
    r"""
    [【\[(（]?\s?(?:
      上一[篇条页个则]|下一[篇条页个则](?!工作|章)|[上下]篇\s?[:：]|相关(?:链接|文[章档件]|阅读|解读|报道|新闻|信息|附件|稿件|内容|推荐|政策|资讯|下载|资料)\s?(?:[:：\]】)）]|$)
    |(?:延伸|推荐|热点|热门|最新|猜你喜欢)(?:阅读|推荐|文章|新闻|信息|内容|资讯)?\s?(?:[:：\]】]|$)
    |(?:解读|政策解读)(?:链接|文件|材料)?\s?(?:[:：]|$)
    |(?:附件|附表|附图|附)\s?\d{0,2}\s?[:：.．、]|附件\s?\d{0,2}\s?$|附件(?:下载|列表)|文件下载
    |扫(?:一扫|码|描)(?:[^。]{0,30})$|(?:使用|用|打开)?(?:微信|手机)[^。]{0,8}(?:扫一?[扫描]|扫码|二维码|浏览|查看)|[^。]{0,12}二维码[^。]{0,20}$|长按识别
    |(?:网站|页面|本站|本网站?|中文域名|版权|内容|信息)?(?:主办|承办|协办|主管|运维|运营|管理|维护|技术支持|开发|制作|建设|保障|技术|发布|监制|责任)(?:单位|部门|机构|维护|支持|方)?\s?[:：]
    |版权所有|版权声明|Copyright|©|\(c\)|All\s?Rights|[^。,，]{0,40}版权所有|[^。,，]{0,40}(?:主办|承办)\s?$
    |(?:政府)?网站标识码|(?:[京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼川蜀贵黔云滇渝藏陕甘陇青宁新])\s?ICP[备证]|ICP备案?|备案(?:序|编)?号|(?:[京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼川蜀贵黔云滇渝藏陕甘陇青宁新])?公(?:网|安)?安?(?:网)?安?备案?号?\s?[:：]?\s?\d
    |(?:单位|办公|通[讯信]|联系)?(?:地址|邮编|邮政编码|传真|电子邮[箱件]|邮箱|E-?mail)\s?[:：]|(?:[^。,，:：]{0,16})(?:联系|咨询|举报|服务|监督|值班|投诉|热线|技术|办公)?电话\s?[:：]\s?[\d(（]
    |联系(?:我们|方式|人)\s?(?:[:：|]|$)|(?:网站)?(?:站点)?地图\s?(?:[|丨\s]|$)|网站地图|关于我们|网站声明|法律声明|隐私(?:声明|保护|政策)|免责声明|使用帮助|网站帮助|常见问题\s?$
    |友情链接|网站导航|站群导航|快速(?:导航|链接)|(?:国务院|中央|省级?|市级?|县区?|区县|各[省市县区]|部委|其他)(?:[^。,，:：]{0,10})(?:网站|链接)\s?(?:[-▼]|$)|[-—]{1,3}\s?请选择
    |本页面?(?:执行|加载|生成|处理|打开)(?:时间|耗时|用时)|页面(?:执行|加载|生成)(?:时间|耗时)|(?:Powered|Produced|Designed|Processed)\s?(?:by|in)
    |您(?:是|好)?[^。]{0,6}第?\s?\d{0,12}\s?位?(?:访[问客]|浏览)(?:者|量)?|(?:总|今日|昨日|本站|累计)?(?:访问|浏览|点击)(?:总)?[量数次](?:\s?[:：]|\s?\d)|网站访问
    |(?:建议|推荐|最佳)(?:使用|采用|浏览|分辨率)[^。]{0,60}(?:浏览|分辨率|IE|以上|像素)|(?:本站)?支持IPv6|党政机关\s?$|政府网站找错|事业单位\s?$
    |[^。]{0,24}门户网站提醒您|(?:您|你)(?:访问的|即将|正在)[^。]{0,16}(?:链接|离开|访问)|是否继续(?:访问|浏览)?|继续(?:访问|浏览)\s?(?:放弃|取消|返回)?\s?$|放弃\s?$
    |(?:责任|值班|本文|网络)?编辑\s?[:：]|责编\s?[:：]|(?:来源|供稿|撰稿|作者|审核|审稿|校对|初审|复审|终审|信息来源)\s?[:：]|(?:信息|文章|内容)?(?:编辑|来源|审核)\s?[:：]
    |【?(?:我要)?(?:打印|关闭|收藏|纠错)(?:本[页文]|此[页文]|页面|窗口|网页|文章)?】?\s?(?:[\s|丨/·【\[]|$)|分享(?:到|至|此|给)?(?:微信|微博|朋友圈|[:：\s]|$)|(?:返回|回到)(?:顶部|首页|列表|页首|上一[页级])|TOP\s?$
    |主题词\s?[:：]|抄送\s?[:：]|抄报\s?[:：]|网民留言|我来说两句|发表评论|网友评论|用户评论|评论区
    )
    """,
    re.VERBOSE | re.IGNORECASE,
)

#: Whole lines that stand before or inside a report and are no part of it.
_LINE = re.compile(
    r"""
    (?:
      (?:您?(?:当前|现在|目前|所在|的)?(?:所在)?(?:的)?位置|当前栏目|所在栏目|导航)(?:是|为)?\s?[:：].*|(?:网站)?首页\s?(?:[>＞»›/\\·|]|--|-).*|[^。]{0,20}[>＞»›][^。]{0,40}[>＞»›].*
    |[^。,，]{0,12}首页
    |(?:索\s?引\s?号|信息索引|文\s?号|发文字号|文件编号|信息分类|主题分类|体裁分类|组配分类|服务对象|公文种类|公文类型|有\s?效\s?性|时\s?效\s?性|效力状态|生成日期|生效日期|失效日期|废止日期|公开(?:方式|类别|形式|范围|程序|时限)|主\s?题\s?词|关键[词字]|标\s?题|名\s?称|信息名称|文件名称|分\s?类|栏目|所属(?:栏目|主题|机构)|成文日期|发文日期|语\s?种|格式|载体)\s?[:：].*
    |(?:内容|信息|文章|本文)?(?:概述|摘要|概要|简介|提要|导读)\s?[:：].*|[【\[](?:摘\s?要|内容提要|导读)[】\]].*
    |[-—–－]{1,2}\s?\d{1,4}\s?[-—–－]{1,2}|第\s?\d{1,4}\s?页(?:\s?[,，/、]?\s?[共总]\s?\d{1,4}\s?页)?|[共总]\s?\d{1,4}\s?页\s?[,，]?\s?第\s?\d{1,4}\s?页|\d{1,3}\s?/\s?\d{1,3}|Page\s?\d{1,4}(?:\s?of\s?\d{1,4})?
    |(?:今天是|现在是|欢迎(?:您|访问|来到|光临|进入|登录)|你好|您好[,，!！]).*|(?:\d{4}年\d{1,2}月\d{1,2}日\s?)?星期[一二三四五六日天].*
    |(?:请输入)?(?:关键[字词]|搜索内容|检索词)?(?:搜\s?索|检\s?索|登\s?录|注\s?册|站内搜索|高级搜索|智能搜索|全文检索|智能问答|新媒体矩阵|热搜词?|热门搜索)\s?(?:[:：].*)?
    |(?:官方)?(?:微信|微博|抖音|客户端|公众号|手机版|移动版|APP|RSS)(?:公众号|订阅)?|X|×|x|\*+|[|丨│/·•>＞…~_=\-—+]+|\#+|▲|▼|★+|☆+
    |我的位置.*|浏览(?:器)?.{0,20}(?:不支持|版本过低).*|(?:图片|正文|内容)(?:正文)?(?:开始|结束)|正文\s?$
    )
    """,
    re.VERBOSE | re.IGNORECASE,
)

#: Sentences about the site, not of the report.
_NOTICE = re.compile(
    r"""
    cookie|本(?:网站|站|网|页面|平台)(?:使用|采用|支持|建议|最佳|所有|部分|转载|内容|刊载|信息|致力|已支持|仅|只|涉及|不承担|提供)|您的浏览器|你的浏览器|浏览器(?:版本|不支持|内核)|(?:继续|更好)的?(?:浏览|访问)(?:本|即|体验)|升级(?:您的)?浏览器
    |免责声明|版权(?:归|属|声明|所有)|转载(?:请|自|须|时请)|如需转载|未经授权|(?:侵权|侵犯).{0,12}(?:联系|删除)|文章来源于网络|扫(?:描|一扫)(?:上方|下方|左侧|右侧|此|本|该)?.{0,6}二维码|微信(?:扫|公众号|里点)|朋友圈|关注.{0,10}公众号
    |即将(?:离开|跳转)|您访问的链接|第三方网站|点击(?:此处|这里|查看|下载|上方|进入)|JavaScript|如果您?(?:看到|觉得|喜欢|有任何|对本)|Adobe|PDF\s?阅读器|隐私(?:政策|声明|保护)|请您?(?:登录|注册|输入|使用|选择).{0,20}(?:账号|密码|浏览器|验证码)|无障碍(?:浏览|阅读|通道|服务)
    |智能(?:客服|问答|机器人)|为(?:您|你)(?:推荐|提供更)|(?:我|小.)是智能|本页面执行时间|网站(?:运维|维护|管理)电话|All\s?Rights|ICP备
    """,
    re.VERBOSE | re.IGNORECASE,
)


def is_widgets(line: str) -> bool:
    """A line of dates, sources, counters, font sizes and buttons only."""
    return len(line) <= 220 and _WIDGETS.fullmatch(line) is not None


def is_page_line(line: str) -> bool:
    """A line that belongs to the page wherever it stands: breadcrumb, metadata, page number, search box."""
    return _LINE.fullmatch(line) is not None if len(line) <= 400 else False


def is_tail(line: str) -> bool:
    """A line that begins the part of a page after a report."""
    return _TAIL_START.match(line) is not None


def is_notice(line: str) -> bool:
    """A sentence about the site: cookies, browsers, copyright, disclaimers, leaving the site."""
    return _NOTICE.search(line) is not None


def head_length(line: str) -> int:
    """How many characters of widgets are glued to the start of `line`."""
    at = 0
    while match := _HEAD.match(line, at):
        if match.end() == at:
            break
        at = match.end()
    if at:
        at += len(line[at:]) - len(line[at:].lstrip(" |丨/·】])）:：-—>"))
    return at


# Where a sentence ends and page furniture may begin in the same line.
_SENTENCE_END = re.compile(r"[。！？；;!?”’）)】》]|(?<=[\u4e00-\u9fff])\s")


def tail_start(line: str) -> int:
    """Where furniture that is glued to the end of `line` begins; the length of the line when none is."""
    low = max(0, len(line) - 300)
    for match in _SENTENCE_END.finditer(line, low):
        at = match.end()
        rest = line[at:].lstrip()
        if not rest:
            break
        if len(rest) <= 240 and (is_widgets(rest) or (is_tail(rest) and not rest.startswith("附"))):
            return at
    return len(line)
