"""Which services confirm a message by what: a row for each whose answer has a verdict of its own.

From the services' documentation. Where a service says nothing of its own in an answer of HTTP 200,
or always repeats it in the status, the status decides: ``BY_STATUS`` names these. ``BY_OTHERS``
have no HTTP answer that the message hangs on. Every plugin of Apprise is in one of the three.
"""

from __future__ import annotations

from watcher.delivery.apprise.confirming import EMPTY, FILLED, Confirms

_TRUE = ("true",)
_NONE = (EMPTY,)

_CHATS = (
    Confirms(
        "dingtalk", ("errcode",), ("0",), ("-1", "130101", "410100"), ("errmsg",), always=True,
    ),
    Confirms("wecombot", ("errcode",), ("0",), ("-1", "45009", "45033"), ("errmsg",), always=True),
    Confirms(
        "wechat", ("errcode",), ("0",), ("-1", "40001", "40014", "42001", "45009", "45033"),
        ("errmsg",), always=True, checked=True,  # an old token is renewed at the next try
    ),
    Confirms(
        "feishu", ("code", "StatusCode"), ("0",),
        ("11232", "11247", "230020", "99991400"), ("msg", "StatusMessage"), always=True,
    ),
    Confirms(
        "lark", ("code", "StatusCode"), ("0",),
        ("11232", "11247", "230020", "99991400"), ("msg", "StatusMessage"), always=True,
    ),
    Confirms("tgram", ("ok",), _TRUE, (), ("description",), always=True),
    Confirms(
        "slack", ("ok",), _TRUE,
        ("ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable",
         "request_timeout", "rollup_error"),
        ("error", "text"), checked=True,
    ),
    Confirms("rocket", ("success",), _TRUE, ("error-too-many-requests",), ("error", "message")),
    Confirms("zulip", ("result",), ("success",), ("rate_limit_hit",), ("msg", "code")),
    Confirms("synology", ("success",), _TRUE, ("411",), ("error.errors", "error.code")),
    Confirms("kook", ("code",), ("0",), ("429",), ("message",), checked=True),
    Confirms("onebot", ("status",), ("ok", "async"), (), ("wording", "message", "msg"),
             checked=True),
    Confirms("viber", ("status",), ("0",), ("12", "999"), ("status_message",), checked=True),
    Confirms("zalo", ("ok",), _TRUE, ("429",), ("description", "error_code"), checked=True),
    Confirms("whapi", ("sent",), _TRUE, ("429",), ("error.message", "error.code"), checked=True),
    Confirms(
        "whatsapp", ("error.code",), _NONE,
        ("4", "80007", "130429", "131016", "131048", "131056", "133016"), ("error.message",),
    ),
    Confirms("gupshup", ("status",), ("submitted", "success"), (), ("message",), checked=True),
    Confirms("kakaotalk", ("failure_info[].code", "result_code"), ("0",), (),
             ("failure_info[].msg", "msg")),
    Confirms("reddit", ("json.errors",), _NONE, (), ("json.errors[]",), checked=True),
    Confirms("nctalk", ("ocs.meta.status", "status.text"), ("ok",), (),
             ("ocs.meta.message", "message.text")),
    Confirms("ncloud", ("ocs.meta.status", "status.text"), ("ok",), (),
             ("ocs.meta.message", "message.text")),
    Confirms("github", ("errors",), _NONE, (), ("message", "errors[].message"), checked=True),
)  # fmt: skip

_PUSHES = (
    Confirms(
        "schan", ("code", "errno"), ("0",), (), ("message", "errmsg", "info", "data.error"),
        always=True,
    ),
    Confirms("pushplus", ("code",), ("200",), ("500", "900"), ("msg",), checked=True),
    Confirms("wxpusher", ("code",), ("1000",), ("1005",), ("msg",), checked=True),
    Confirms("wpush", ("code",), ("0",), ("429", "500"), ("message",), checked=True),
    Confirms("qq", ("success",), _TRUE, (), ("reason",)),
    Confirms("pushme", ("text",), ("success",), (), ("text",)),
    Confirms("pushdeer", ("code",), ("0",), (), ("error", "message")),
    Confirms("spugpush", ("code",), ("200",), ("429", "500"), ("msg",)),
    Confirms("bark", ("code",), ("200",), ("429", "500", "502", "503"), ("message",)),
    Confirms("pover", ("status",), ("1",), (), ("errors[]",), always=True),
    Confirms("psafer", ("status",), ("1",), (), ("error",), checked=True),
    Confirms("pushy", ("success",), _TRUE, ("internal_error",), ("error", "code"), checked=True),
    Confirms("pushed", ("error",), _NONE, (), ("error.message", "error.type")),
    Confirms("pjet", ("error",), _NONE, (), ("error.message",)),
    Confirms("push", ("success",), _TRUE, (), ("message",)),
    Confirms("prowl", ("error.code", "success.code"), ("200",), ("406", "500"), ("error.text",)),
    Confirms("join", ("success",), _TRUE, (), ("errorMessage",)),
    Confirms("onesignal", ("id",), (FILLED,), (), ("errors[]",)),
    Confirms(
        "fcm", ("failure",), ("0",),
        ("unavailable", "internalservererror", "devicemessagerateexceeded", "quota_exceeded"),
        ("results[].error", "error.status"),
    ),
    Confirms("gorush", ("logs[].type",), ("success-push", "succeeded-push"), (),
             ("logs[].error",), checked=True),
    Confirms("parsep", ("result",), _TRUE, ("155",), ("error", "code")),
    Confirms("notifiarr", ("result",), ("success",), (), ("details.response", "details.reason")),
    Confirms("splunk", ("result",), ("success",), (), ("message",)),
    Confirms("strmlabs", ("success", "error"), ("true", EMPTY), (), ("message", "error")),
    Confirms("lfg", ("fired",), _TRUE, (), ("message", "error"), checked=True),
    Confirms("lametric", ("errors",), _NONE, (), ("errors[].message",)),
    Confirms("enigma2", ("result",), _TRUE, (), ("message",), checked=True),
    Confirms("kodi", ("error",), _NONE, (), ("error.message",)),
)  # fmt: skip

_MAIL = (
    Confirms("postmark", ("ErrorCode",), ("0",), ("100", "429"), ("Message",)),
    Confirms("smtp2go", ("data.error", "data.failed"), ("0",), (),
             ("data.error", "data.failures[]")),
    Confirms("sendpulse", ("result",), _TRUE, (), ("message",)),
    Confirms("sparkpost", ("results.total_rejected_recipients",), ("0",), (),
             ("errors[].message",)),
    Confirms("ses", ("Code",), _NONE, ("throttling", "serviceunavailable", "internalfailure"),
             ("Message.text", "Code.text")),
    Confirms("sns", ("Code",), _NONE, ("throttling", "throttled", "serviceunavailable",
             "internalfailure", "internalerror"), ("Message.text", "Code.text")),
)  # fmt: skip

_PHONES = (
    Confirms(
        "atalk", ("SMSMessageData.Recipients[].statusCode",), ("100", "101", "102"),
        ("500", "501", "502", "504"),
        ("SMSMessageData.Recipients[].status", "SMSMessageData.Message"), checked=True,
    ),
    Confirms(
        "bulksms", ("[].status.type",), (), (), ("[].status.subtype", "detail"),
        refused=("failed", "unknown"),
    ),
    Confirms("bulkvs", ("Results[].Status",), ("success",), (),
             ("Results[].Status", "Description")),
    Confirms("burstsms", ("error.code",), ("success",), ("over_limit",), ("error.description",)),
    Confirms(
        "clickatell", ("messages[].accepted", "error"), ("true", EMPTY), (),
        ("errorDescription", "error", "messages[].errorDescription", "messages[].error"),
    ),
    Confirms(
        "clicksend", ("data.messages[].status", "response_code"), ("success",), ("throttled",),
        ("data.messages[].status", "response_msg"),
    ),
    Confirms("cm", ("errorCode",), ("0", EMPTY), ("999",), ("details", "messages[].messageDetails"),
             checked=True),
    Confirms("d7sms", ("status",), (), (), ("detail.message", "message"),
             refused=("rejected", "failed", "undelivered", "error")),
    Confirms(
        "exotel", ("Status.text", "SMSMessage.Status"), (), (),
        ("DetailedStatus.text", "SMSMessage.DetailedStatus", "Message.text",
         "RestException.Message"), refused=("failed", "failed-dnd", "403"),
    ),
    Confirms("46elks", ("status",), (), (), ("text",), refused=("failed",)),
    Confirms("httpsms", ("status",), ("success",), (), ("message",)),
    Confirms(
        "infobip", ("messages[].status.groupName",), ("pending", "delivered", "accepted"), (),
        ("messages[].status.description", "requestError.serviceException.text"), checked=True,
    ),
    Confirms("kaleyra", ("error",), _NONE, (), ("error.message", "error.error", "message"),
             checked=True),
    Confirms("kavenegar", ("return.status",), ("200",), ("409", "501"), ("return.message",)),
    Confirms(
        "msgbird", ("recipients.items[].status",), (), ("25", "98", "99"),
        ("errors[].description", "errors[].code"), refused=("delivery_failed", "expired"),
    ),
    Confirms("mobilemessage", ("results[].status", "status"), ("success", "complete"), (),
             ("results[].error", "error"), checked=True),
    Confirms("msg91", ("type",), ("success",), (), ("message",)),
    Confirms("notifyre", ("success",), _TRUE, (), ("message", "errors[]"), checked=True),
    Confirms("plivo", ("error",), _NONE, (), ("error",)),
    Confirms("serwersms", ("success",), _TRUE, (), ("error.message", "error.type"), checked=True),
    Confirms("seven", ("success", "text"), ("100",), ("600",), ("messages[].error_text",)),
    Confirms("sfr", ("success",), _TRUE, (), ("errorDetail", "errorCode"), checked=True),
    Confirms("smsc", ("error_code",), _NONE, ("4", "9"), ("error",), checked=True),
    Confirms(
        "smseagle", ("result[].status", "result.status"), ("ok",), (),
        ("result[].error_text", "result.error_text", "result"), checked=True,
    ),
    Confirms("smsmgr", ("head",), ("ok",), (), ("text",)),
    Confirms("smstunnel", ("success",), _TRUE, (), ("message", "error"), checked=True),
    Confirms(
        "telesign", ("status.code",),
        ("200", "203", "250", "251", "290", "291", "292", "293", "294", "295"),
        ("210", "500"), ("status.description",),
    ),
    Confirms("telnyx", ("errors", "data.errors"), _NONE, ("10011",),
             ("errors[].detail", "data.errors[].detail", "errors[].code")),
    Confirms("twilio", ("error_code",), _NONE, ("20429", "30001"), ("error_message", "message")),
    Confirms("voipms", ("status",), ("success",), ("limit_reached", "api_limit_exceeded"),
             ("message", "status"), checked=True),
    Confirms("vonage", ("messages[].status",), ("0",), ("1", "5", "10"),
             ("messages[].error-text",)),
)  # fmt: skip

CONFIRMS = {row.service: row for row in (*_CHATS, *_PUSHES, *_MAIL, *_PHONES)}
"""By the name of ``target``: the first scheme that Apprise has for the service."""

BY_STATUS = frozenset(
    """
    apprise azure betterstack blink1 brevo bsky chanify cliq dapnet discord dot eight00com
    emby evolution firehydrant flock flowtriq fluxer form freemobile gchat goalert gotify
    groundmail groupme guilded hassio humhub ifttt ilert incidentio jellyfin jira json kumulos
    lauther line mailersend mailgun mastodon matrix misskey mmost notica notifico ntfy octopush
    opsgenie pagerduty pagertree pbul pinglet pingram pushward resend revolt ringc ryver
    sendgrid session signal signalgrid signl4 sinch spike spush squadcast stackfield threema trigv
    twist vapid workflow wxteams x xmatters xml youlmk zoom
    """.split()
)
"""Services whose HTTP status says all."""

BY_OTHERS = frozenset(
    "amqp aprs deltachat glib gnome growl irc macosx mailto mqtt nostr qt rsyslog smpp syslog"
    " windows xmpp".split()
)
"""Not asked over HTTP: the protocol's own answer decides, as far as it has one."""
