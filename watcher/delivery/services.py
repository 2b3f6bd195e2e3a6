"""The peculiarities of services, a row for each, whatever sends to it.

From the services' documentation. Every plugin of Apprise has a row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

from watcher.delivery.rendered import Bytes, Escaped, Limit, Style

EMPTY = "(nothing)"
"""Of ``taken``: the field is missing, null, empty or 0: an error that is none."""
FILLED = "(anything)"
"""Of ``taken``: the field has a value."""

_WITHOUT_PREVIEWS = 4  # Discord's flag SUPPRESS_EMBEDS: of ten shop pages, below ten links


@dataclass(frozen=True, slots=True)
class ServiceProfile:
    """One service, by the first scheme that Apprise has for it (``slack``).

    How it confirms a message: ``fields`` are paths into the answer (``messages[].status``); the
    first that is there decides. Its values in ``taken`` mean that the message was taken, any other
    that it was refused: for now where it, or a value at ``words``, is in ``passing``; for good
    otherwise. Of a service with many words for what it took, ``refused`` has those for what it did
    not, instead. With ``always`` the service never answers without the field: an answer that lacks
    it is not the service's (a proxy's page). ``checked`` is a service whose answer Apprise's plugin
    reads itself. An answer in plain text is ``{"text": ...}``, XML is ``{tag: {attribute,
    "text"}}``. Without ``fields`` the HTTP status says all; where a service is not asked
    ``over_http``, the protocol's own answer decides, as far as it has one.

    What it takes: text in its ``style``, at most ``limit`` or else as much as Apprise says, which
    counts in ``unit``; ``title`` is the most characters of a title, where Apprise has more.
    ``files_of_bots`` come of a bot only, not of a webhook. With ``text_in_upload`` Apprise puts the
    text into the address of a picture's upload. ``presets`` are set where the URL leaves them open.
    """

    name: str
    fields: tuple[str, ...] = ()
    taken: tuple[str, ...] = ()
    passing: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    _: KW_ONLY
    always: bool = False
    checked: bool = False
    over_http: bool = True
    style: Style = Style.PLAIN
    limit: Limit | None = None
    unit: type[Limit] = Limit
    title: int = 0
    files_of_bots: bool = False
    text_in_upload: bool = False
    presets: Mapping[str, object] = field(default_factory=dict)


UNKNOWN = ServiceProfile("")


def _service(
    name: str,
    fields: str = "",
    taken: str = "",
    passing: str = "",
    words: str = "",
    refused: str = "",
    **more: Any,
) -> ServiceProfile:
    """A row, with what there are several of written in one text."""
    several = (tuple(each.split()) for each in (fields, taken, passing, words, refused))
    return ServiceProfile(name, *several, **more)


# An old token of WeChat (``wechat``) is renewed at the next try. ntfy makes a file of more than
# 4,096 bytes, and Apprise of more than 8,000 in JSON, where an emoji takes three times the bytes. A
# card of Teams (``workflow``) has 28 kB, of JSON too; Apprise's own limit of 1,000 characters binds
# only where the URL has it cut messages. APNs and FCM, behind Bark and its likes, carry 4 kB. A
# Matrix event has 65 kB, the text in it twice. X counts a Chinese character as two. By default an
# info of Opsgenie and Jira is a note to an incident that there is not.
ROWS = (
    # Chats.
    _service("dingtalk", "errcode", "0", "-1 130101 410100", "errmsg", always=True, unit=Escaped),
    _service("wecombot", "errcode", "0", "-1 45009 45033", "errmsg", always=True, unit=Bytes),
    _service("wechat", "errcode", "0", "-1 40001 40014 42001 45009 45033", "errmsg", always=True,
             checked=True, unit=Bytes),
    _service("feishu", "code StatusCode", "0", "11232 11247 230020 99991400", "msg StatusMessage",
             always=True, unit=Escaped),
    _service("lark", "code StatusCode", "0", "11232 11247 230020 99991400", "msg StatusMessage",
             always=True, unit=Escaped),
    _service("tgram", "ok", "true", "", "description", always=True, style=Style.TELEGRAM),
    _service("slack", "ok", "true",
             "ratelimited rate_limited internal_error fatal_error service_unavailable"
             " request_timeout rollup_error",
             "error text", checked=True, style=Style.MARKDOWN, files_of_bots=True),
    _service("rocket", "success", "true", "error-too-many-requests", "error message"),
    _service("zulip", "result", "success", "rate_limit_hit", "msg code"),
    _service("synology", "success", "true", "411", "error.errors error.code"),
    _service("kook", "code", "0", "429", "message", checked=True),
    _service("onebot", "status", "ok async", "", "wording message msg", checked=True),
    _service("viber", "status", "0", "12 999", "status_message", checked=True, unit=Escaped),
    _service("zalo", "ok", "true", "429", "description error_code", checked=True),
    _service("whapi", "sent", "true", "429", "error.message error.code", checked=True),
    _service("whatsapp", "error.code", "(nothing)", "4 80007 130429 131016 131048 131056 133016",
             "error.message"),
    _service("gupshup", "status", "submitted success", "", "message", checked=True),
    _service("kakaotalk", "failure_info[].code result_code", "0", "", "failure_info[].msg msg",
             unit=Escaped),
    _service("reddit", "json.errors", "(nothing)", "", "json.errors[]", checked=True),
    _service("nctalk", "ocs.meta.status status.text", "ok", "", "ocs.meta.message message.text"),
    _service("ncloud", "ocs.meta.status status.text", "ok", "", "ocs.meta.message message.text"),
    _service("github", "errors", "(nothing)", "", "message errors[].message", checked=True),
    # Pushes to a phone or a screen.
    _service("schan", "code errno", "0", "", "message errmsg info data.error", always=True,
             limit=Bytes(32_000), title=32),
    _service("pushplus", "code", "200", "500 900", "msg", checked=True),
    _service("wxpusher", "code", "1000", "1005", "msg", checked=True),
    _service("wpush", "code", "0", "429 500", "message", checked=True),
    _service("qq", "success", "true", "", "reason"),
    _service("pushme", "text", "success", "", "text"),
    _service("pushdeer", "code", "0", "", "error message"),
    _service("spugpush", "code", "200", "429 500", "msg"),
    _service("bark", "code", "200", "429 500 502 503", "message", limit=Bytes(3_500)),
    _service("pover", "status", "1", "", "errors[]", always=True),
    _service("psafer", "status", "1", "", "error", checked=True),
    _service("pushy", "success", "true", "internal_error", "error code", checked=True, unit=Bytes),
    _service("pushed", "error", "(nothing)", "", "error.message error.type"),
    _service("pjet", "error", "(nothing)", "", "error.message"),
    _service("push", "success", "true", "", "message"),
    _service("prowl", "error.code success.code", "200", "406 500", "error.text"),
    _service("join", "success", "true", "", "errorMessage"),
    _service("onesignal", "id", "(anything)", "", "errors[]"),
    _service("fcm", "failure", "0",
             "unavailable internalservererror devicemessagerateexceeded quota_exceeded",
             "results[].error error.status"),
    _service("gorush", "logs[].type", "success-push succeeded-push", "", "logs[].error",
             checked=True, unit=Bytes),
    _service("parsep", "result", "true", "155", "error code"),
    _service("notifiarr", "result", "success", "", "details.response details.reason"),
    _service("splunk", "result", "success", "", "message"),
    _service("strmlabs", "success error", "true (nothing)", "", "message error"),
    _service("lfg", "fired", "true", "", "message error", checked=True),
    _service("lametric", "errors", "(nothing)", "", "errors[].message"),
    _service("enigma2", "result", "true", "", "message", checked=True),
    _service("kodi", "error", "(nothing)", "", "error.message"),
    # Mail.
    _service("postmark", "ErrorCode", "0", "100 429", "Message"),
    _service("smtp2go", "data.error data.failed", "0", "", "data.error data.failures[]"),
    _service("sendpulse", "result", "true", "", "message"),
    _service("sparkpost", "results.total_rejected_recipients", "0", "", "errors[].message"),
    _service("ses", "Code", "(nothing)", "throttling serviceunavailable internalfailure",
             "Message.text Code.text"),
    _service("sns", "Code", "(nothing)",
             "throttling throttled serviceunavailable internalfailure internalerror",
             "Message.text Code.text"),
    # Texts to a phone.
    _service("atalk", "SMSMessageData.Recipients[].statusCode", "100 101 102", "500 501 502 504",
             "SMSMessageData.Recipients[].status SMSMessageData.Message", checked=True),
    _service("bulksms", "[].status.type", "", "", "[].status.subtype detail",
             refused="failed unknown"),
    _service("bulkvs", "Results[].Status", "success", "", "Results[].Status Description"),
    _service("burstsms", "error.code", "success", "over_limit", "error.description"),
    _service("clickatell", "messages[].accepted error", "true (nothing)", "",
             "errorDescription error messages[].errorDescription messages[].error"),
    _service("clicksend", "data.messages[].status response_code", "success", "throttled",
             "data.messages[].status response_msg"),
    _service("cm", "errorCode", "0 (nothing)", "999", "details messages[].messageDetails",
             checked=True),
    _service("d7sms", "status", "", "", "detail.message message",
             refused="rejected failed undelivered error"),
    _service("exotel", "Status.text SMSMessage.Status", "", "",
             "DetailedStatus.text SMSMessage.DetailedStatus Message.text RestException.Message",
             refused="failed failed-dnd 403"),
    _service("46elks", "status", "", "", "text", refused="failed"),
    _service("httpsms", "status", "success", "", "message"),
    _service("infobip", "messages[].status.groupName", "pending delivered accepted", "",
             "messages[].status.description requestError.serviceException.text", checked=True),
    _service("kaleyra", "error", "(nothing)", "", "error.message error.error message",
             checked=True),
    _service("kavenegar", "return.status", "200", "409 501", "return.message"),
    _service("msgbird", "recipients.items[].status", "", "25 98 99",
             "errors[].description errors[].code", refused="delivery_failed expired"),
    _service("mobilemessage", "results[].status status", "success complete", "",
             "results[].error error", checked=True),
    _service("msg91", "type", "success", "", "message"),
    _service("notifyre", "success", "true", "", "message errors[]", checked=True),
    _service("plivo", "error", "(nothing)", "", "error"),
    _service("serwersms", "success", "true", "", "error.message error.type", checked=True),
    _service("seven", "success text", "100", "600", "messages[].error_text"),
    _service("sfr", "success", "true", "", "errorDetail errorCode", checked=True),
    _service("smsc", "error_code", "(nothing)", "4 9", "error", checked=True),
    _service("smseagle", "result[].status result.status", "ok", "",
             "result[].error_text result.error_text result", checked=True),
    _service("smsmgr", "head", "ok", "", "text"),
    _service("smstunnel", "success", "true", "", "message error", checked=True),
    _service("telesign", "status.code", "200 203 250 251 290 291 292 293 294 295", "210 500",
             "status.description"),
    _service("telnyx", "errors data.errors", "(nothing)", "10011",
             "errors[].detail data.errors[].detail errors[].code"),
    _service("twilio", "error_code", "(nothing)", "20429 30001", "error_message message"),
    _service("voipms", "status", "success", "limit_reached api_limit_exceeded", "message status",
             checked=True),
    _service("vonage", "messages[].status", "0", "1 5 10", "messages[].error-text"),
    # Whose HTTP status says all.
    _service("discord", style=Style.TITLED, presets={"flags": _WITHOUT_PREVIEWS}),
    _service("jira", presets={"action": "new"}),
    _service("matrix", limit=Bytes(20_000)),
    _service("mmost", style=Style.TITLED, files_of_bots=True),
    _service("ntfy", limit=Bytes(3_300), text_in_upload=True),
    _service("opsgenie", presets={"action": "new"}),
    _service("pushward", limit=Bytes(3_000)),
    _service("threema", unit=Bytes),
    _service("vapid", unit=Bytes),
    _service("workflow", style=Style.TEAMS, limit=Bytes(9_000)),
    _service("wxteams", unit=Bytes),
    _service("x", unit=Bytes),
    *map(ServiceProfile, """
        apprise azure betterstack blink1 brevo bsky chanify cliq dapnet dot eight00com
        emby evolution firehydrant flock flowtriq fluxer form freemobile gchat goalert
        gotify groundmail groupme guilded hassio humhub ifttt ilert incidentio jellyfin
        json kumulos lauther line mailersend mailgun mastodon misskey notica notifico
        octopush pagerduty pagertree pbul pinglet pingram resend revolt ringc ryver
        sendgrid session signal signalgrid signl4 sinch spike spush squadcast stackfield
        trigv twist xmatters xml youlmk zoom
    """.split()),
    # Not asked over HTTP.
    _service("amqp", unit=Bytes, over_http=False),
    _service("irc", unit=Bytes, over_http=False),
    _service("mailto", style=Style.EMAIL, over_http=False),
    _service("mqtt", unit=Bytes, over_http=False),
    _service("nostr", unit=Bytes, over_http=False),
    *(_service(name, over_http=False) for name in (
        "aprs deltachat glib gnome growl macosx qt rsyslog smpp syslog windows xmpp".split()
    )),
)  # fmt: skip

PROFILES = {row.name: row for row in ROWS}
