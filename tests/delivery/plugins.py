"""Every plugin of Apprise that can be used here, each with a URL that it takes."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
import requests.adapters
from apprise import NotifyBase
from apprise.manager_plugins import NotificationManager

from tests.fakes.sink import Secret
from watcher.delivery.apprise.target import Target

_URLS = """
atalk://user@0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef/+15551231234
apprise://127.0.0.1/token1234
aprs://DF1JSL-15:12345@DF1ABC
bark://127.0.0.1/devicekey1234
betterstack://0123456789abcdef01234567
bsky://user:app-pass@handle
brevo://0123456789abcdef:user@example.com/to@example.com
bulksms://user:password@15551231234
bulkvs://user:password@15551231234/15557654321
burstsms://0123456789abcdef:secret12345@15551231234/15557654321
chanify://0123456789abcdef01234567
clickatell://0123456789abcdef0123456789abcdef/15551231234
clicksend://user:0123456789abcdef@15551231234
cliq://1001.0123456789abcdef0123456789abcdef.0123456789abcdef0123456789abcdef/channel
cm://Sender@12345678-1234-1234-1234-123456789012/15551231234
form://127.0.0.1
json://127.0.0.1
xml://127.0.0.1
d7sms://0123456789abcdef0123456789abcdef@15551231234
dapnet://user:pass@DF1ABC
dingtalk://0123456789abcdef0123456789abcdef
discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js
dot://0123456789abcdef@ABCDEF123456/text
eight00com://0123456789abcdef@15551231234/15557654321
mailto://user:pass@example.com
emby://user:pass@127.0.0.1
enigma2://127.0.0.1
evolution://0123456789abcdef@127.0.0.1/instance/15551231234
exotel://0123456789abcdef:0123456789abcdef@sid123/15551231234/15557654321
feishu://01234567-89ab-cdef-0123-456789abcdef
firehydrant://fhb0123456789abcdef/connector1
flock://01234567-89ab-cdef-0123-456789abcdef
flowtriq://0123456789abcdef@127.0.0.1/api/deploy
fluxer://1234567890/0123456789abcdef0123456789abcdef
46elks://user:password@+15551231234
freemobile://12345678@0123456789abcd
github://ghp_0123456789abcdef0123456789abcdef0123@owner/repo
goalert://127.0.0.1/01234567-89ab-cdef-0123-456789abcdef
gchat://workspace/key1234/token1234
gorush://127.0.0.1/0123456789abcdef
gotify://127.0.0.1/0123456789abcde
groundmail://gm_0123456789abcdef:user@example.com/to@example.com
groupme://0123456789abcdef01234567
guilded://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js
gupshup://app:0123456789abcdef@15551231234/15557654321
hassio://127.0.0.1/0123456789abcdef
httpsms://0123456789abcdef@15551231234/15557654321
humhub://0123456789abcdef@127.0.0.1/12
ifttt://WebHookID@EventID
ilert://il1api0123456789abcdef
incidentio://0123456789abcdef/01ABCDEF
infobip://0123456789abcdef@abc.api.infobip.com/15557654321
irc://127.0.0.1/#channel
jellyfin://user:pass@127.0.0.1
jira://0123456789abcdef
join://0123456789abcdef0123456789abcdef/0123456789abcdef0123456789abcdef
kakaotalk://0123456789abcdef0123456789abcdef/refresh0123456789/me
kaleyra://HXAP012345678:A0123456789abcdef@Sender/15557654321
kavenegar://0123456789abcdef0123456789abcdef0123/15557654321
kodi://127.0.0.1
kook://0123456789abcdef0123456789abcdef/1234567890
kumulos://8f3ab6ce-7b84-4b1d-9b3c-0123456789ab/0123456789abcdef0123456789abcdef0123
lametric://0123456789abcdef@127.0.0.1
lark://0123456789abcdef0123456789abcdef
lauther://lpt_0123456789abcdef
lfg://0123456789abcdef0123456789abcdef
line://0123456789abcdef0123456789/U0123456789abcdef0123456789abcdef
mailersend://0123456789abcdef:user@example.com/to@example.com
mailgun://user@example.com/0123456789abcdef0123456789abcdef-01234567-01234567
mastodon://0123456789abcdef@127.0.0.1
matrix://user:pass@127.0.0.1/#room
mmost://127.0.0.1/3ccdd113474722377935511fc85d3dd4
msgbird://0123456789abcdef012345678/15551231234/15557654321
misskey://0123456789abcdef@127.0.0.1
mobilemessage://user:pass@Sender/61412345678
msg91://0123456789abcdef01234567@0123456789abcdef01234/15557654321
ncloud://user:pass@127.0.0.1/admin
nctalk://user:pass@127.0.0.1/roomid12
nostr://nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5
notica://0123ab
notifiarr://0123456789abcdef0123456789abcdef0123/123456789
notifico://1234/ckhrjW8w672m6HG
notifyre://0123456789abcdef/15557654321
ntfy://topic
octopush://user@example.com/0123456789abcdef/15557654321
azure://user@example.com/tenant-1/8fa4d1a0-1234-1234-1234-0123456789ab/0123456789abcdef/to@example.com
onesignal://8b799edf-6f98-4d3a-9be7-2862fb4e5752@0123456789abcdef0123456789/player1
onebot://127.0.0.1/1234567
opsgenie://0123456789abcdef
pagerduty://0123456789abcdef0123456789abcdef@0123456789abcdef
pagertree://int_0123456789a
parsep://app:masterkey@127.0.0.1
pinglet://0123456789abcdef@127.0.0.1/space/topic
pingram://alert@pingram_sk_0123456789abcdef/to@example.com
plivo://MAMDAwMDAwMDAwMDAwMD@0123456789abcdef0123456789abcdef01234567/15551231234/15557654321
postmark://0123456789abcdef:user@example.com/to@example.com
prowl://0123456789abcdef0123456789abcdef01234567
pbul://0123456789abcdef0123456789abcdef
pushdeer://PDU0123456789abcdef
pushed://0123456789abcdef0123/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
pjet://127.0.0.1/0123456789abcdef0123456789abcdef
pushme://0123456789abcd
pover://0123456789abcdef0123456789abcd@0123456789abcdef0123456789abcd
pushplus://0123456789abcdef0123456789abcdef
psafer://0123456789abcdef0123
pushward://hlk_0123456789abcdef
pushy://0123456789abcdef0123456789abcdef/0123456789abcdef
qq://0123456789abcdef0123456789abcdef
reddit://user:pass@01234567890123/0123456789abcdef0123456789/dogs
resend://re_0123456789abcdef:user@example.com/to@example.com
revolt://0123456789abcdef0123456789/01234567890123456789012345
ringc://15551231234:pass@clientid0123456789/secret0123456789/15557654321
rocket://user:token0123456789abcdef0123456789abcdef@127.0.0.1/#channel
rsyslog://127.0.0.1
ryver://apprise/ckhrjW8w672m6HG
sendgrid://0123456789abcdef:user@example.com/to@example.com
sendpulse://user@example.com/0123456789abcdef/0123456789abcdef/to@example.com
schan://SCT012345t0123456789abcdef
serwersms://user:pass@Sender/48500600700
ses://user@example.com/0123456789ABCDEF0123/0123456789abcdef0123456789abcdef/us-east-1/to@example.com
seven://0123456789abcdef/15557654321
sfr://service:password@0123456789/+33123456789
signal://127.0.0.1/15551231234/15557654321
signalgrid://client0123456789/channel0123456789
signl4://0123456789
spush://0123456789
sinch://0123456789abcdef0123456789abcdef:0123456789abcdef0123456789abcdef@15551231234/15557654321
slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ
smsc://user:pass@15557654321
smseagle://0123456789abcdef@127.0.0.1/15557654321
smsmgr://0123456789abcdef@15557654321
smstunnel://0123456789abcdef/+15557654321
smtp2go://user@example.com/0123456789abcdef/to@example.com
sns://0123456789ABCDEF0123/0123456789abcdef0123456789abcdef/us-east-1/15557654321
sparkpost://user@example.com/0123456789abcdef0123456789abcdef
spike://0123456789abcdef0123456789abcdef
splunk://db600a63-1234-1234-1234-0123456789ab@route
spugpush://0123456789abcdef0123456789abcdef
squadcast://0123456789abcdef
stackfield://01234567-89ab-cdef-0123-456789abcdef
strmlabs://0123456789abcdef0123456789abcdef01234567/?call=alerts
synology://127.0.0.1/0123456789abcdef
syslog://
push://01234567-89ab-4def-8123-456789abcdef
tgram://123456789:abcdefg_hijklmnop/12315544
telesign://01234567-89AB-CDEF-0123-456789ABCDEF:0123456789abcdefABCDEF==@15557654321
telnyx://KEY0123456789@15551231234/15557654321
threema://*GATEWAY@0123456789abcdef/ABCD1234
trigv://trgv_abcdefgh_0123456789abcdef0123456789abcdef/channel
twilio://AC0123456789abcdef0123456789abcdef:0123456789abcdef0123456789abcdef@15551231234/15557654321
twist://user:password@example.com/#channel
x://0123456789/0123456789abcdef/0123456789/0123456789abcdef/user?mode=tweet
viber://0123456789abcdef/receiver0123456
voipms://password:user@example.com/15551231234/15557654321
vonage://AC012345:0123456789abcdef@15551231234/15557654321
wxteams://0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
wechat://corpid0123:0123456789abcdef0123456789@1000002/user
wecombot://0123456789abcdef-0123
whapi://0123456789abcdef/15557654321
whatsapp://0123456789abcdef0123@123456789/15557654321
workflow://127.0.0.1/643e69f83c8944438d68119179a10a64/signature
wpush://WPUSH0123456789abcdef01234567890
wxpusher://AT_0123456789abcdef/UID_0123456789
xmatters://user:pass@127.0.0.1/0123456789abcdef
youlmk://ylk_0123456789abcdef0123456789abcdef
zalo://12345678:0123456789abcdef/12345
zoom://0123456789abcdef/token0123456789
zulip://botname@apprise/0123456789abcdef0123456789abcdef
"""
# Their libraries are not installed here.
ABSENT = frozenset({"amqp", "deltachat"})


def plugins(*, disabled: bool = False) -> dict[str, type[NotifyBase]]:
    """Apprise's plugins by the first scheme of each; those that can't run here, too, if asked."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        manager: Any = NotificationManager()  # type: ignore[no-untyped-call]
        manager.load_modules()
        found = list(manager.plugins(include_disabled=disabled))
    return {_first(each.protocol or each.secure_protocol): each for each in found}


def _first(schemes: Any) -> str:
    return schemes if isinstance(schemes, str) else str(schemes[0])


URLS = {url.partition("://")[0]: url for url in _URLS.split()}


def target(service: str, **options: Any) -> Target:
    """A target of ``service`` that keeps no pause between its requests."""
    made = Target(f"{service}/1", Secret(URLS[service]), **options)
    made.plugin.request_rate_per_sec = 0
    return made


def lead_here(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    """Send every request of ``requests`` to ``port`` of this machine, whatever host it is for."""
    original = requests.adapters.HTTPAdapter.send

    def send(adapter: Any, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        path = request.path_url
        request.headers["X-For"] = str(request.url)
        request.url = f"http://127.0.0.1:{port}{path}"
        return original(adapter, request, *args, **kwargs)

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send)
