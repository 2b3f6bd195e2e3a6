"""What a person sees of a message in China's messengers: their markup, drawn as HTML.

They publish what they read of Markdown, and not how. So each is read as widely as it may be: by
the standard with HTML let through, or by marks found wherever they stand. What is no mention and no
link then is none anywhere.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping

from markdown_it import MarkdownIt

from watcher.delivery.apprise.robots import elements
from watcher.delivery.rendered import Rendered
from watcher.text.sanitize import escape_tagged

_COLOURS = {"critical": "#d83931", "warning": "#de7802"}
_FONTS = {"info": "#2e9e4f", "comment": "#8a8f99", "warning": "#e07b00", "grey": "#8f959e"}
_COMMON = MarkdownIt("commonmark", {"html": True, "linkify": False}).enable(
    ["table", "strikethrough"]
)
# Of what WeCom and Feishu read, in the order in which it is found.
_MARKS: tuple[tuple[str, str], ...] = (
    (r"&lt;at[^&]*?&gt;(.*?)&lt;/at&gt;", r'<i class="mention">@\1</i>'),
    (r"&lt;@(\S+?)&gt;", r'<i class="mention">@\1</i>'),
    (r"&lt;a [^&]*?href=.([^'\"]*).[^&]*?&gt;(.*?)&lt;/a&gt;", r'<a href="\1">\2</a>'),
    (r"!\[([^\]\n]*)\]\(([^)\s]*)\)", r'<img alt="\1" src="\2">'),
    (r"\[([^\]\n]*)\]\(([^)\s]*)\)", r'<a href="\2">\1</a>'),
    (r"\*\*(.+?)\*\*", r"<strong>\1</strong>"),
    (r"\*(\S.*?)\*", r"<em>\1</em>"),
    (r"~~(.+?)~~", r"<s>\1</s>"),
    (r"`([^`\n]+)`", r"<code>\1</code>"),
    (r":([A-Za-z][\w+-]*):", r'<img alt="\1">'),
    (r"(?m)^#{1,6} +(.*)$", r"<h4>\1</h4>"),
    (r"(?m)^[-+] +(.*)$", r"<li>\1</li>"),
    (r"(?m)^\d+\. +(.*)$", r"<li>\1</li>"),
)


def drawn(service: str, shown: Rendered) -> str:
    """A message about as its service draws it, as HTML; of a service of this module."""
    return f'<div class="{service}">{_DRAWN[service](shown)}</div>'


def _dingtalk(shown: Rendered) -> str:
    return str(_COMMON.render(f"#### {escape_tagged(shown.title)}\n\n{shown.body}"))


def _wecom(shown: Rendered) -> str:
    return _marked(shown.body)


def _card(shown: Rendered) -> str:
    colour = _COLOURS.get(shown.severity, "#3370ff")
    parts = (
        "<hr>" if each["tag"] == "hr" else f"<div>{_marked(html.unescape(each['content']))}</div>"
        for each in elements(shown.body)
    )
    head = f'<h3 style="background:{colour}">{html.escape(shown.title)}</h3>'
    return f"{head}<section>{''.join(parts)}</section>"


def _titled(shown: Rendered) -> str:
    return f"<h3>{html.escape(shown.title)}</h3>{_COMMON.render(shown.body)}"


def _page(shown: Rendered) -> str:
    return f"<h3>{html.escape(shown.title)}</h3>{shown.body}"


def _marked(text: str) -> str:
    """Text with the marks that WeCom and Feishu know; a line is one."""
    made = html.escape(text, quote=False)
    for pattern, written in _MARKS:
        made = re.sub(pattern, written, made)
    made = re.sub(
        r"&lt;font color=['\"]?(\w+)['\"]?&gt;(.*?)&lt;/font&gt;",
        lambda each: f'<span style="color:{_FONTS.get(each[1], each[1])}">{each[2]}</span>',
        made,
    )
    lines = re.sub(r"(?m)^&gt; ?(.*)$\n?", r"<blockquote>\1</blockquote>", made)
    return lines.replace("\n", "<br>")


_DRAWN: Mapping[str, Callable[[Rendered], str]] = {
    "dingtalk": _dingtalk,
    "wecombot": _wecom,
    "feishu": _card,
    "lark": _card,
    "schan": _titled,
    "pushplus": _page,
    "bark": _titled,
}
SERVICES = tuple(_DRAWN)
STYLE = """
.dingtalk, .schan, .pushplus, .bark, .wecombot { border: 1px solid #d8dce2; border-radius: 8px;
padding: 8px 12px; margin-bottom: 8px; overflow-wrap: anywhere }
.dingtalk a, .wecombot a, .feishu a, .lark a { text-decoration: none; color: #1677ff }
.dingtalk h4 { font-size: 15px; margin: 0 0 6px } .dingtalk p, .schan p, .bark p { margin: 0 0 8px }
.wecombot blockquote { margin: 0; padding-left: 8px; border-left: 3px solid #e1e4e8;
color: #4b5563 }
.feishu, .lark { border: 1px solid #d8dce2; border-radius: 8px; overflow: hidden;
overflow-wrap: anywhere; margin-bottom: 8px }
.feishu h3, .lark h3 { color: #fff; margin: 0; padding: 8px 12px; font-size: 14px }
.feishu section, .lark section { padding: 8px 12px }
.feishu hr, .lark hr { border: 0; border-top: 1px solid #e5e6eb; margin: 8px 0 }
.bark { background: #f4f5f7 } .mention { background: #fdd; color: #a00 }
"""
