# ruff: noqa: E501
"""What stands on a government page around a report: how each kind of line, and each kind of text glued to
the report's first or last line, is told.

The words are those of widgets, labels and notices that Chinese government sites share; none names a site.
Lines are clean (see Mapped.clean). Repeats are bounded or possessive, so that no line can make a pattern slow.
"""

from __future__ import annotations

import re


def _any(words: str) -> str:
    """An alternation of words, the longest first, so that 下载 does not hide 下载次数."""
    return "(?:" + "|".join(sorted(words.split(), key=len, reverse=True)) + ")"


# ---- widgets: labels with values, counters, font sizes, buttons -------------------------------------------

_DATE = r"(?:19|20)\d\d\s?(?:[-/.]\d{1,2}[-/.]\d{1,2}|年\s?\d{1,2}\s?月\s?\d{1,2}\s?日)"
_TIME = r"(?:\s{0,3}T?(?:[上下]午)?\s?\d{1,2}[:：]\d\d(?:[:：]\d\d)?)"
_DATED = (
    _any("发布 发表 更新 添加 录入 上传 生成 公开 成文 发文 印发 撰写 签发 审核 信息发布 归档 修改 创建")
    + "?"
    + _any("时间 日期")
)
_COUNTED = (
    _any("浏览 阅读 点击 访问 查看 点赞 下载 人气 关注 已阅 点播 评论 在看 转发 收藏")
    + _any("次数 总量 总数 人数 人次 量 数 率")
    + "?|Views?|Hits?"
)
_SOURCED = (
    _any("信息 稿件 文章 内容 新闻 消息 资料") + "?" + _any("来源 出处") + _any("单位 部门 于") + "?|"
    + _any("发布 发文 制发 公开 信息提供 供稿 责任 报送 提供") + _any("机构 机关 单位 部门 主体 人 者") + "|"
    + _any(
        "责任编辑 值班编辑 本文编辑 网络编辑 编辑 责编 作者 文章作者 撰稿 供稿 录入 录入者 录入人 审核 审核人 审稿 审签 签发 签发人 校对"
        " 通讯员 记者 摄影 初审 复审 终审 一审 二审 三审 监制 责任者 信息员 核稿"
    )
)  # fmt: skip
_SIZE = _any("特大 超大 较大 较小 最大 最小 加大 缩小 放大 大 中 小 默认 标准 正常 还原 恢复默认")
_SIZED = (
    _any("页面 正文 文字 文章 选择 调整") + "?" + _any("字号 字体 字体大小 文字大小 字体显示 字号大小 字形")
    + _any("选择 调整 设置 切换 显示") + "?"
)  # fmt: skip
# A name after 来源: ends where the next label begins.
_LABEL = (
    _any(
        "发布 发表 更新 浏览 字号 字体 时间 日期 作者 来源 编辑 点击 阅读 打印 分享 关闭 访问 审核 查看 责任 保护 视力 收藏"
    )
    + r"|[【\[|]"
)
_SIZE_WIDGET = rf"[【\[(（]?\s?{_SIZED}\s?[:：]?\s?[\[【(（]?\s?(?:(?:{_SIZE}|A[-+＋－]?|T)[\s|/、·\[\]【】]{{0,3}}){{0,6}}+[\])）】]?\s?[】\])）]?"
_BARE_SIZES = (
    r"[【\[(（]?\s?(?:大\s?[|/·]?\s?中\s?[|/·]?\s?小|小\s?[|/·]?\s?中\s?[|/·]?\s?大|A\s?[-－]\s?A?\s?A?\s?[+＋]?A?|T\s?\|\s?T)"
    r"\s?[\])）】]?"
)
_DATE_WIDGET = rf"{_DATED}\s?[:：]\s?(?:{_DATE})?{_TIME}?"
_COUNT_WIDGET = rf"(?:{_COUNTED})\s?[:：]?\s?[\[(（]?\s?\d{{0,9}}\s?[\])）]?\s?(?:人次|次|人|位|万)?"
_SOURCE_WIDGET = rf"(?:{_SOURCED})\s?[:：]\s?(?:(?!{_LABEL})[^\s:：。,，]){{0,30}}"
_SITES = _any(
    "微信 微博 朋友圈 新浪微博 腾讯微博 QQ空间 QQ好友 QQ 人人网 豆瓣 豆瓣网 微信好友 钉钉 抖音 更多"
)
_BUTTON = (
    r"(?:我要|一键)?打印" + _any("本页 本文 此页 此文 页面 正文 文章 内容 预览 网页") + "?"
    r"|(?:我要)?关闭" + _any("窗口 本窗口 本页 页面 本页面 此页 此窗口 网页 当前窗口") + "?"
    r"|(?:加入|添加|我要)?收藏" + _any("本页 本文 本站 夹 此页 网页") + "?|(?:我要|页面|内容)?纠错"
    rf"|(?:我要|一键)?分享(?:到|至|给)?(?:[:：\s、|/]{{0,3}}{_SITES}){{0,8}}+|{_SITES}"
    r"|返回" + _any("顶部 首页 列表 上页 上一页 上级 主页 页首 目录") + "?|回到?顶部|复制链接|听全文|朗读全文"
    r"|(?:在线|语音)?" + _any("朗读 播报 读屏") + _any("本页 本文 全文 正文") + "?"
    r"|(?:下载|导出|保存)" + _any("本页 本文 文档 正文 全文 PDF Word 网页") + "?|" +
    _any("推荐给好友 更多分享 无障碍 无障碍浏览 无障碍阅读 无障碍版 长者模式 长者版 老年模式 关怀模式 关怀版 适老版 适老化 大字版 盲人版"
         " 简体 繁体 繁體 简体版 繁体版 繁體版 简体中文 繁體中文 English EN 写留言 举报 同意 拒绝 登录 注册 首页")
)  # fmt: skip
_BUTTONS = rf"[【\[(（]?\s?(?:{_BUTTON})\s?[】\])）]?"
_COLOURS = (
    r"(?:保护视力色?|视力保护色?|背景颜?色|护眼色?)\s?[:：]?(?:\s?" +
    _any("白 黄 绿 蓝 粉 灰 黑 默认 杏仁黄 秋叶褐 胭脂红 芥末绿 天蓝 雪青 灰 银河白 橄榄绿 白色 绿色 黄色 蓝色 灰色 粉色") + r"){0,9}+"
)  # fmt: skip
_WIDGET = "|".join(
    (_DATE_WIDGET, _SOURCE_WIDGET, _SIZE_WIDGET, _COUNT_WIDGET, _BARE_SIZES, _COLOURS, _BUTTONS, rf"{_DATE}{_TIME}?")
)  # fmt: skip
_GAP = r"[\s|丨│/·•\-—、;；,，>\]】]{0,6}"
# Atomic: a widget once matched is not tried another way, so the time is linear.
_WIDGETS = re.compile(rf"(?>{_GAP}[\[【(（]?(?:{_WIDGET})){{1,16}}+{_GAP}", re.IGNORECASE)
#: One widget at the start of a line that goes on with something else.
_HEAD = re.compile(
    rf"{_GAP}(?:{_SIZE_WIDGET}|{_BARE_SIZES}|{_SOURCE_WIDGET}(?=\s|{_LABEL})|{_DATE_WIDGET}"
    rf"|(?:{_COUNTED})\s?[:：]\s?\[?\d{{0,9}}\]?\s?(?:次|人次)?|{_COLOURS}|[【\[]\s?(?:{_BUTTON})\s?[】\]]"
    rf"|(?:{_BUTTON}){{2,6}}(?=\s)|(?:您?(?:现在|当前)?的?位置\s?[:：]\s?)?首页(?:\s?[>＞»›→/]\s?[^\s>＞»›→/。,，:：]{{1,12}}){{1,6}}?"
    rf"(?=\s|{_LABEL}|(?:19|20)\d\d\s?年)"
    r"|(?:我要)?打印(?:本页)?(?=[\s|【\[])|分享(?:到|至)?\s?[:：]|关闭窗口|收藏(?=[\s|【\[]))",
    re.IGNORECASE,
)

# ---- the part of a page after a report ------------------------------------------------------------------

_PLATES = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川蜀贵黔云滇藏陕秦甘陇青宁新"
_NEIGHBOURS = r"(?:上|下)一?[篇条页个则](?:文章|信息|新闻)?\s?[\]】]?\s?(?:[:：]|$|没有|无)"
_RELATED = (
    "相关" + _any("链接 文章 文档 文件 附件 阅读 解读 报道 新闻 信息 稿件 内容 推荐 政策 资讯 下载 资料") + r"\s?(?:[:：\]】)）]|$)|"
    + _any("延伸 推荐 热点 热门 最新 精彩 猜你喜欢 为您推荐 大家都在看") + _any("阅读 推荐 文章 新闻 信息 内容 资讯 标签") + r"?\s?(?:[:：\]】]|$)|"
    + _any("政策解读 解读链接 解读文件 解读材料 文字解读 图片解读 图解 标签 关键词") + r"\s?(?:[:：]|$)"
)  # fmt: skip
_ATTACHED = (
    r"(?:附件|附表|附图)\s?[0-9一二三四五六]{0,2}\s?(?:[:：.．、]|$)|附\s?[:：]|附件(?:下载|列表)|文件下载"
)
_CODES = (
    r"扫[一1]?扫(?:[^。]{0,30})$|扫(?:码|描)(?:[^。]{0,30})$|(?:使用|用|打开)?(?:微信|手机)[^。]{0,8}(?:扫一?[扫描]|扫码|二维码|浏览|查看)"
    r"|[^。]{0,16}二维码[^。]{0,20}$|长按识别"
)
_HOSTS = (
    _any("网站 页面 本站 本网 本网站 中文域名 版权 内容 信息 政府网站") + "?"
    + _any("主办 承办 协办 主管 运维 运营 管理 维护 技术支持 开发 制作 建设 保障 技术 发布 监制 责任 运行维护 设计")
    + _any("单位 部门 机构 维护 支持 方 电话") + r"?\s?[:：]"
)  # fmt: skip
_RIGHTS = r"版权所有|版权声明|Copyright|©|\(c\)|All\s?Rights|[^。,，]{0,40}版权所有|[^。,，:：]{2,30}(?:主办|承办)\s?$"
_FILED = (
    rf"(?:政府)?网站标识码|标识码\s?[:：]|[{_PLATES}]\s?ICP[备证]|ICP备案?|(?:ICP)?备案(?:序|编)?号"
    rf"|[{_PLATES}]?公(?:网安备|安网?备案?)号?\s?[:：]?\s?\d|[{_PLATES}]公网安备"
)
_CONTACT = (
    r"(?:单位|办公|通[讯信]|联系)?(?:地\s?址|邮\s?编|邮政编码|传\s?真|电子邮[箱件]|邮\s?箱|E-?mail)\s?[:：]"
    r"|[^。,，:：]{0,16}电\s?话\s?(?:[:：]\s?[\d(（]|[:：]?$)|联系(?:我们|方式|人)\s?(?:[:：|]|$)"
)
_LINKS = (
    _any("网站地图 站点地图 关于我们 网站声明 法律声明 隐私声明 隐私保护 隐私政策 免责声明 使用帮助 网站帮助 网站首页 版权声明 站群导航 网站导航"
         " 联系我们 广告服务") + r"\s?(?:[|丨\s:：·-]|$)|常见问题\s?$|友情链接|快速(?:导航|链接|通道)"
    r"|[^。,，:：]{0,10}(?:国务院|中央|省级?|市级?|县区?|区县|部门|各[省市县区]|部委|县\(区\)|媒体|其他)[^。,，:：]{0,10}网站\s?(?:[-▼]|$)|[-—]{1,3}\s?请选择"
)  # fmt: skip
_COUNTERS = (
    r"本页面?(?:执行|加载|生成|处理|打开)(?:时间|耗时|用时)|页面(?:执行|加载|生成)(?:时间|耗时)|(?:Powered|Produced|Designed|Processed)\s?(?:by|in)"
    r"|您(?:是|好)?[^。]{0,6}第?\s?\d{0,12}\s?位?(?:访[问客]|浏览)(?:者|量)?|(?:总|今日|昨日|本站|累计)?(?:访问|浏览|点击)(?:总)?[量数次](?:\s?[:：]|\s?\d)|网站访问"
    r"|(?:建议|推荐|最佳)(?:使用|采用|浏览|分辨率)[^。]{0,60}(?:浏览|分辨率|IE|以上|像素)|(?:本站)?支持IPv6"
)
_LEAVING = (
    r"[^。]{0,24}门户网站提醒您|(?:您|你)(?:访问的|即将|正在)[^。]{0,16}(?:链接|离开|访问)|是否继续(?:访问|浏览)?"
    r"|继续(?:访问|浏览)\s?(?:放弃|取消|返回)?\s?$|放弃\s?$"
)
_EDITORS = (
    _any("责任编辑 值班编辑 本文编辑 网络编辑 责编 编辑 来源 信息来源 文章来源 稿件来源 供稿 撰稿 作者 审核 审稿 校对 初审 复审 终审")
    + r"\s?[:：|｜丨]"
)  # fmt: skip
_COPIED = (
    r"(?:THE\s)?END\s?$|往期(?:推荐|回顾|精彩|文章|内容)|(?:特别|平台|免责|郑重|版权)?声明\s?(?:[:：]|$)|阅读原文|原标题\s?[:：]"
    r"|返回[^。,，]{1,10}[,，]?查看更多"
)
_TOOLS = (
    r"[【\[(（]?\s?(?:我要)?(?:打印|关闭|收藏|纠错)(?:本[页文]|此[页文]|页面|窗口|网页|文章)?\s?[】\])）]?\s?(?:[\s|丨/·【\[]|$)"
    r"|分享(?:到|至|此|给)?(?:微信|微博|朋友圈|[:：\s]|$)|(?:返回|回到)(?:顶部|首页|列表|页首|上一[页级])|TOP\s?$|写留言|听全文"
    r"|(?:发表|网友|用户)评论|评论区|我来说两句|网民留言|党政机关\s?$|政府网站找错|事业单位\s?$|主题词\s?[:：]|抄[送报]\s?[:：]"
    r"|(?:阅读|点赞|在看|浏览|点击|转发)\s?\d{0,9}\s?$"
)
_TAIL = re.compile(
    r"[【\[(（]?\s?(?:" + "|".join(
        (_NEIGHBOURS, _RELATED, _ATTACHED, _CODES, _HOSTS, _RIGHTS, _FILED, _CONTACT, _LINKS, _COUNTERS, _LEAVING,
         _EDITORS, _COPIED, _TOOLS)
    ) + ")", re.IGNORECASE,
)  # fmt: skip

# ---- lines of a page wherever they stand ------------------------------------------------------------------

_CRUMBS = (
    r"(?:您?(?:现在|当前|目前|所在)?的?(?:所在)?的?位置|当前栏目|所在栏目|我的位置|导航)(?:是|为)?\s?[:：].*"
    r"|(?:网站|您的)?首\s?页\s?(?:[>＞»›→/\\·|]|--|-).*|[^。]{0,20}[>＞»›→][^。]{0,40}[>＞»›→].*|[^。,，]{0,12}首页|首\s页"
)
_METADATA = (
    r"[•·]?\s?(?:索\s?引\s?号|文\s?号|有\s?效\s?性|时\s?效\s?性|主\s?题\s?词|关键[词字]|标\s?题|名\s?称|分\s?类|"
    + _any("信息索引 发文字号 文件编号 信息分类 主题分类 体裁分类 组配分类 服务对象 公文种类 公文类型 效力状态 生成日期 生效日期 失效日期"
           " 废止日期 公开方式 公开类别 公开形式 公开范围 公开程序 公开时限 信息名称 文件名称 栏目 所属栏目 所属主题 所属机构 成文日期"
           " 发文日期 语种 格式 载体 统一编号 标签 发文机关 发布机构 发文机构 公开责任部门 详细信息 公开具体内容")
    + r")\s?(?:[:：].*|$)|(?:内容|信息|文章|本文)?(?:概述|摘要|概要|简介|提要|导读|导语|核心提示|编者按)\s?[:：].*"
    r"|[【\[](?:摘\s?要|内容提要|导读|导语|核心提示|编者按)[】\]].*"
)  # fmt: skip
_PAGES = (
    r"[-—–－]{1,2}\s?\d{1,4}\s?[-—–－]{1,2}|第\s?\d{1,4}\s?页(?:\s?[,，/、]?\s?[共总]\s?\d{1,4}\s?页)?"
    r"|[共总]\s?\d{1,4}\s?页\s?[,，]?\s?第\s?\d{1,4}\s?页|\d{1,3}\s?/\s?\d{1,3}|Page\s?\d{1,4}(?:\s?of\s?\d{1,4})?"
)
_GREETING = (
    r"(?:今天是|现在是|欢迎(?:您|访问|来到|光临|进入|登录)|您好|你好).*|(?:\d{4}年\d{1,2}月\d{1,2}日\s?)?星期[一二三四五六日天].*"
    r"|(?:请输入)?(?:关键[字词]|搜索内容|检索词)|(?:请输入)?(?:关键[字词])?(?:搜\s?索|检\s?索|登\s?录|注\s?册|站内搜索|高级搜索|智能搜索|全文检索|智能问答|新媒体矩阵|热搜词?|热门搜索)\s?(?:[:：|].*)?"
    r"|(?:官方|政务)?(?:微信|微博|抖音|客户端|公众号|手机版|移动版|APP|RSS)(?:公众号|订阅)?(?:\s(?:政务)?(?:微信|微博|抖音|APP)){0,4}"
    r"|(?:本文|全文)共?计?约?\s?\d{2,6}\s?字.{0,30}|[Xx×]|[|丨│/·•>＞…~_=\-—+*#▲▼★☆\s]+|浏览器?.{0,20}(?:不支持|版本过低).*|(?:图片|正文|内容)(?:正文)?(?:开始|结束)|正文"
)
_LINE = re.compile("|".join((_CRUMBS, _METADATA, _PAGES, _GREETING)), re.IGNORECASE)
_PAGE_NUMBER = re.compile(_PAGES, re.IGNORECASE)
#: A label whose value, a text of sentences, stands in the next line.
_SUMMARY = re.compile(r"[•·]?\s?(?:内容|信息|文章|本文)?(?:概述|摘要|概要|简介|提要|导读)\s?[:：]?")

#: Sentences about the site, not of the report.
_NOTICE = re.compile(
    r"cookie|本(?:网站|站|网页?|页面|平台)" + _any("使用 采用 支持 建议 最佳 所有 部分 转载 内容 刊载 致力 已支持 仅 只 不承担")
    + r"|[您你]的浏览器|浏览器(?:版本|不支持|内核)|(?:继续|更好)的?(?:浏览|访问)(?:本|即|体验)|升级(?:您的)?浏览器"
    r"|免责声明|仅代表该?(?:作者|本人)|是否(?:对[您你])?有(?:所)?帮助|版权(?:归|属|声明|所有)|转载(?:请|自|须|时请)|如需转载|未经授权|侵(?:权|犯).{0,12}(?:联系|删除)|来[源自](?:于)?(?:互联)?网络?[,，]"
    r"|扫(?:描|一扫)(?:上方|下方|左侧|右侧|此|本|该)?.{0,6}二维码|微信(?:扫|公众号|里点)|朋友圈|关注.{0,10}公众号"
    r"|即将(?:离开|跳转)|您访问的链接|第三方网站|点击(?:此处|这里|查看|下载|上方|进入)|JavaScript|如果您?(?:看到|觉得|喜欢|有任何|对本)|Adobe"
    r"|PDF\s?阅读器|隐私(?:政策|声明|保护)|请您?(?:登录|注册|输入|使用|选择).{0,20}(?:账号|密码|浏览器|验证码)|无障碍(?:浏览|阅读|通道)"
    r"|智能(?:客服|机器人)|为[您你](?:推荐|提供更)|本页面执行时间|网站(?:运维|维护|管理)电话|All\s?Rights|ICP备|下面是小编|小编(?:为|整理)",
    re.IGNORECASE,
)  # fmt: skip


def is_widgets(line: str) -> bool:
    """A line of dates, sources, counters, font sizes and buttons only."""
    return len(line) <= 220 and _WIDGETS.fullmatch(line) is not None


def is_page_line(line: str) -> bool:
    """A line that belongs to the page wherever it stands: breadcrumb, metadata, page number, search box."""
    return len(line) <= 400 and _LINE.fullmatch(line) is not None


def is_furniture(line: str) -> bool:
    """A whole line of the page in one of these ways."""
    return is_widgets(line) or is_page_line(line) or is_tail(line)


def is_page_number(line: str) -> bool:
    """- 2 -, 第2页 and their kind."""
    return _PAGE_NUMBER.fullmatch(line) is not None


def is_summary_label(line: str) -> bool:
    """内容概述: and its kind, with nothing behind it."""
    return _SUMMARY.fullmatch(line) is not None


def is_tail(line: str) -> bool:
    """A line that begins the part of a page after a report."""
    return _TAIL.match(line) is not None


def is_notice(line: str) -> bool:
    """A sentence about the site: cookies, browsers, copyright, disclaimers, leaving the site."""
    return _NOTICE.search(line) is not None


#: The title, in one line with the widgets below it.
_TITLED = re.compile(
    r"[^。,，:：]{4,60}?(?:报告|总结|情况|年报|汇报)\s?(?=[【\[(（]?\s?(?:(?:信息|文章)?来源|(?:发布|更新)?(?:时间|日期)|字[号体]|浏览|作者)\s?[:：])"
)


def head_length(line: str) -> int:
    """How many characters of widgets are glued to the start of `line`."""
    title = _TITLED.match(line)
    at = title.end() if title else 0
    while (match := _HEAD.match(line, at)) and match.end() > at:
        at = match.end()
    if at:
        at += len(line[at:]) - len(line[at:].lstrip(" |丨/·】])）:：-—>"))
    return at


# Where a sentence ends and page furniture may begin in the same line.
_END = re.compile(r"[。！？；;!?”’）)】》]|(?<=[0-9]日)|(?<=[\u4e00-\u9fff])\s")
#: 2024年1月5日, as a pattern.
WRITTEN_DATE = r"(?:19|20|１９|２０)\d\d\s?年\s?(?:\d{1,2}|元)\s?月\s?\d{1,2}\s?[日号]"
_WRITTEN_DATE = re.compile(WRITTEN_DATE)


def tail_start(line: str) -> int:
    """Where furniture that is glued to the end of `line` begins; the length of the line when none is."""
    for match in _END.finditer(line, max(0, len(line) - 300)):
        at = match.end()
        rest = line[at:].lstrip()
        if not rest:
            break
        if _WRITTEN_DATE.match(rest):  # of a signature
            continue
        if len(rest) <= 240 and (is_widgets(rest) or (is_tail(rest) and not rest.startswith("附"))):
            return at
    return len(line)
