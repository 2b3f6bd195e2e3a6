"""The peculiarities of services, from their documentation; every plugin of Apprise has a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from functools import partial
from typing import Any

from watcher.delivery.rendered import Bytes, Escaped, Json, Limit, Style

# Of ``taken``.
EMPTY = "(nothing)"  # the field is missing, null, empty or 0: an error that is none
FILLED = "(anything)"  # the field has a value


@dataclass(frozen=True, slots=True)
class ServiceProfile:
    """One service, by the first scheme that Apprise has for it (``slack``).

    How it confirms a message: ``fields`` are paths into the answer (``messages[].status``); the
    first that is there decides. Values in ``taken`` mean that the message was taken, others that it
    was refused: for now where one, or a value at ``words``, is in ``passing``. Of a service with
    many words for what it took, ``refused`` has those for what it did not, instead. With ``always``
    an answer without the field is not the service's (a proxy's page). ``checked`` is one whose
    answer Apprise's plugin reads itself. An answer in plain text is ``{"text": ...}``, XML is
    ``{tag: {attribute, "text"}}``. Without ``fields`` the HTTP status says all; where it is not
    asked ``over_http``, the protocol's own answer decides, as far as it has one.

    What it takes: text in its ``style``, at most ``limit`` or else as much as Apprise says, which
    counts in ``unit``; ``styled`` is the limit in its style, where plain text has another.
    ``title`` is the most characters of a title, where Apprise has more. ``files_of_bots`` come of a
    bot only, not of a webhook. With ``text_in_upload`` Apprise puts the text into the address of a
    picture's upload. ``rate`` is the least seconds between two requests, where Apprise has less.
    ``presets`` are set where the URL leaves them open.
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
    styled: Limit | None = None
    unit: type[Limit] = Limit
    title: int = 0
    files_of_bots: bool = False
    text_in_upload: bool = False
    rate: float = 0.0
    presets: Mapping[str, object] = field(default_factory=dict)

    @property
    def decides(self) -> bool:
        """Whether its answers say more than Apprise's plugin reads of them."""
        return bool(self.fields) and not self.checked


UNKNOWN = ServiceProfile("")


def _row(name: str, *texts: str, **more: Any) -> ServiceProfile:
    """A row, with what there are several of written in one text."""
    return ServiceProfile(name, *(tuple(text.split()) for text in texts), **more)


_checked, _apart = partial(_row, checked=True), partial(_row, over_http=False)


# An old token of WeChat (``wechat``) is renewed at the next try. ntfy makes a file of more than
# 4,096 bytes, and Apprise of more than 8,000 in JSON, where an emoji takes three times the bytes. A
# card of Teams (``workflow``) has 28 kB, of JSON too; Apprise's own limit of 1,000 characters binds
# only where the URL has it cut messages. APNs and FCM, behind Bark and its likes, carry 4 kB. A
# Matrix event has 65 kB, the text in it twice. X counts a Chinese character as two. A
# DingTalk request has 20,000 bytes, with the title twice in it; one of Feishu 20 kB. Discord's flag
# 4 is SUPPRESS_EMBEDS: of ten shop pages, below ten links; its webhooks take 5 requests in 2
# seconds. By default an info of Opsgenie and Jira is a note to an incident that there is not.
ROWS = (
    # Chats.
    _row("dingtalk", "errcode", "0", "-1 130101 410100", "errmsg", always=True, unit=Escaped,
         style=Style.COMMONMARK, styled=Json(18_500)),
    _row("wecombot", "errcode", "0", "-1 45009 45033", "errmsg", always=True, unit=Bytes,
         style=Style.WECOM, styled=Bytes(4_096)),
    _checked("wechat", "errcode", "0", "-1 40001 40014 42001 45009 45033", "errmsg", always=True,
             unit=Bytes),
    *(_row(name, "code StatusCode", "0", "11232 11247 230020 99991400", "msg StatusMessage",
           always=True, unit=Escaped, style=Style.CARD, styled=Bytes(19_500))
      for name in ("feishu", "lark")),
    _row("tgram", "ok", "true", "", "description", always=True, style=Style.TELEGRAM),
    _checked("slack", "ok", "true",
             "ratelimited rate_limited internal_error fatal_error service_unavailable"
             " request_timeout rollup_error",
             "error text", style=Style.MARKDOWN, files_of_bots=True),
    _row("rocket", "success", "true", "error-too-many-requests", "error message"),
    _row("zulip", "result", "success", "rate_limit_hit", "msg code"),
    _row("synology", "success", "true", "411", "error.errors error.code"),
    _checked("kook", "code", "0", "429", "message"),
    _checked("onebot", "status", "ok async", "", "wording message msg"),
    _checked("viber", "status", "0", "12 999", "status_message", unit=Escaped),
    _checked("zalo", "ok", "true", "429", "description error_code"),
    _checked("whapi", "sent", "true", "429", "error.message error.code"),
    _row("whatsapp", "error.code", "(nothing)", "4 80007 130429 131016 131048 131056 133016",
         "error.message"),
    _checked("gupshup", "status", "submitted success", "", "message"),
    _row("kakaotalk", "failure_info[].code result_code", "0", "", "failure_info[].msg msg",
         unit=Escaped),
    _checked("reddit", "json.errors", "(nothing)", "", "json.errors[]"),
    _row("nctalk", "ocs.meta.status status.text", "ok", "", "ocs.meta.message message.text"),
    _row("ncloud", "ocs.meta.status status.text", "ok", "", "ocs.meta.message message.text"),
    _checked("github", "errors", "(nothing)", "", "message errors[].message"),
    # Pushes to a phone or a screen.
    _row("schan", "code errno", "0", "", "message errmsg info data.error", always=True,
         limit=Bytes(32_000), title=32, style=Style.COMMONMARK),
    _checked("pushplus", "code", "200", "500 900", "msg", title=100, style=Style.PAGE),
    _checked("wxpusher", "code", "1000", "1005", "msg"),
    _checked("wpush", "code", "0", "429 500", "message"),
    _row("qq", "success", "true", "", "reason"),
    _row("pushme", "text", "success", "", "text"),
    _row("pushdeer", "code", "0", "", "error message"),
    _row("spugpush", "code", "200", "429 500", "msg"),
    _row("bark", "code", "200", "429 500 502 503", "message", limit=Bytes(3_500),
         style=Style.COMMONMARK, styled=Json(3_300)),
    _row("pover", "status", "1", "", "errors[]", always=True),
    _checked("psafer", "status", "1", "", "error"),
    _checked("pushy", "success", "true", "internal_error", "error code", unit=Bytes),
    _row("pushed", "error", "(nothing)", "", "error.message error.type"),
    _row("pjet", "error", "(nothing)", "", "error.message"),
    _row("push", "success", "true", "", "message"),
    _row("prowl", "error.code success.code", "200", "406 500", "error.text"),
    _row("join", "success", "true", "", "errorMessage"),
    _row("onesignal", "id", "(anything)", "", "errors[]"),
    _row("fcm", "failure", "0",
         "unavailable internalservererror devicemessagerateexceeded quota_exceeded",
         "results[].error error.status"),
    _checked("gorush", "logs[].type", "success-push succeeded-push", "", "logs[].error",
             unit=Bytes),
    _row("parsep", "result", "true", "155", "error code"),
    _row("notifiarr", "result", "success", "", "details.response details.reason"),
    _row("splunk", "result", "success", "", "message"),
    _row("strmlabs", "success error", "true (nothing)", "", "message error"),
    _checked("lfg", "fired", "true", "", "message error"),
    _row("lametric", "errors", "(nothing)", "", "errors[].message"),
    _checked("enigma2", "result", "true", "", "message"),
    _row("kodi", "error", "(nothing)", "", "error.message"),
    # Mail.
    _row("postmark", "ErrorCode", "0", "100 429", "Message"),
    _row("smtp2go", "data.error data.failed", "0", "", "data.error data.failures[]"),
    _row("sendpulse", "result", "true", "", "message"),
    _row("sparkpost", "results.total_rejected_recipients", "0", "", "errors[].message"),
    _row("ses", "Code", "(nothing)", "throttling serviceunavailable internalfailure",
         "Message.text Code.text"),
    _row("sns", "Code", "(nothing)",
         "throttling throttled serviceunavailable internalfailure internalerror",
         "Message.text Code.text"),
    # Texts to a phone.
    _checked("atalk", "SMSMessageData.Recipients[].statusCode", "100 101 102", "500 501 502 504",
             "SMSMessageData.Recipients[].status SMSMessageData.Message"),
    _row("bulksms", "[].status.type", "", "", "[].status.subtype detail", "failed unknown"),
    _row("bulkvs", "Results[].Status", "success", "", "Results[].Status Description"),
    _row("burstsms", "error.code", "success", "over_limit", "error.description"),
    _row("clickatell", "messages[].accepted error", "true (nothing)", "",
         "errorDescription error messages[].errorDescription messages[].error"),
    _row("clicksend", "data.messages[].status response_code", "success", "throttled",
         "data.messages[].status response_msg"),
    _checked("cm", "errorCode", "0 (nothing)", "999", "details messages[].messageDetails"),
    _row("d7sms", "status", "", "", "detail.message message", "rejected failed undelivered error"),
    _row("exotel", "Status.text SMSMessage.Status", "", "",
         "DetailedStatus.text SMSMessage.DetailedStatus Message.text RestException.Message",
         "failed failed-dnd 403"),
    _row("46elks", "status", "", "", "text", "failed"),
    _row("httpsms", "status", "success", "", "message"),
    _checked("infobip", "messages[].status.groupName", "pending delivered accepted", "",
             "messages[].status.description requestError.serviceException.text"),
    _checked("kaleyra", "error", "(nothing)", "", "error.message error.error message"),
    _row("kavenegar", "return.status", "200", "409 501", "return.message"),
    _row("msgbird", "recipients.items[].status", "", "25 98 99",
         "errors[].description errors[].code", "delivery_failed expired"),
    _checked("mobilemessage", "results[].status status", "success complete", "",
             "results[].error error"),
    _row("msg91", "type", "success", "", "message"),
    _checked("notifyre", "success", "true", "", "message errors[]"),
    _row("plivo", "error", "(nothing)", "", "error"),
    _checked("serwersms", "success", "true", "", "error.message error.type"),
    _row("seven", "success text", "100", "600", "messages[].error_text"),
    _checked("sfr", "success", "true", "", "errorDetail errorCode"),
    _checked("smsc", "error_code", "(nothing)", "4 9", "error"),
    _checked("smseagle", "result[].status result.status", "ok", "",
             "result[].error_text result.error_text result"),
    _row("smsmgr", "head", "ok", "", "text"),
    _checked("smstunnel", "success", "true", "", "message error"),
    _row("telesign", "status.code", "200 203 250 251 290 291 292 293 294 295", "210 500",
         "status.description"),
    _row("telnyx", "errors data.errors", "(nothing)", "10011",
         "errors[].detail data.errors[].detail errors[].code"),
    _row("twilio", "error_code", "(nothing)", "20429 30001", "error_message message"),
    _checked("voipms", "status", "success", "limit_reached api_limit_exceeded", "message status"),
    _row("vonage", "messages[].status", "0", "1 5 10", "messages[].error-text"),
    # Whose HTTP status says all.
    _row("discord", style=Style.TITLED, rate=0.4, presets={"flags": 4}),
    _row("matrix", limit=Bytes(20_000)),
    _row("mmost", style=Style.TITLED, files_of_bots=True),
    _row("ntfy", limit=Bytes(3_300), text_in_upload=True),
    *(_row(name, presets={"action": "new"}) for name in ("jira", "opsgenie")),
    _row("pushward", limit=Bytes(3_000)),
    _row("workflow", style=Style.TEAMS, limit=Bytes(9_000)),
    *(_row(name, unit=Bytes) for name in ("threema", "vapid", "wxteams", "x")),
    *map(ServiceProfile, """
        apprise azure betterstack blink1 brevo bsky chanify cliq dapnet dot eight00com emby
        evolution firehydrant flock flowtriq fluxer form freemobile gchat goalert gotify groundmail
        groupme guilded hassio humhub ifttt ilert incidentio jellyfin json kumulos lauther line
        mailersend mailgun mastodon misskey notica notifico octopush pagerduty pagertree pbul
        pinglet pingram resend revolt ringc ryver sendgrid session signal signalgrid signl4 sinch
        spike spush squadcast stackfield trigv twist xmatters xml youlmk zoom
    """.split()),
    # Not asked over HTTP.
    _apart("mailto", style=Style.EMAIL),
    *(_apart(name, unit=Bytes) for name in ("amqp", "irc", "mqtt", "nostr")),
    *map(_apart, """
        aprs deltachat glib gnome growl macosx qt rsyslog smpp syslog windows xmpp
    """.split()),
)  # fmt: skip

PROFILES = {row.name: row for row in ROWS}
