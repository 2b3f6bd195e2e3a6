"""What services answer with HTTP 200, from their documentation: taken, refused for good, for now.

A line each: service, then answers behind ``+`` (taken), ``-`` (refused for good) and ``~``
(passing); in a refusal ``=>`` stands before what people are to read of it.
"""

# ruff: noqa: E501 - answers stand on a line each

from __future__ import annotations

from dataclasses import dataclass

_ANSWERS = """
dingtalk
+ {"errcode":0,"errmsg":"ok"}
- {"errcode":310000,"errmsg":"keywords not in content, more: [https://ding-doc.dingtalk.com]"} => errcode 310000: keywords not in content
- {"errcode":300001,"errmsg":"token is not exist"} => token is not exist
~ {"errcode":130101,"errmsg":"send too fast, exceed 20 times per minute"} => 130101: send too fast
~ {"errcode":410100,"errmsg":"发送速度太快而限流"} => 发送速度太快而限流
~ {"errcode":-1,"errmsg":"系统繁忙"} => 系统繁忙
wecombot
+ {"errcode":0,"errmsg":"ok"}
- {"errcode":45002,"errmsg":"content size out of limit"} => errcode 45002: content size out of limit
- {"errcode":93000,"errmsg":"invalid webhook url, hint: [1]"} => invalid webhook url
~ {"errcode":45009,"errmsg":"api freq out of limit, hint: [1]"} => api freq out of limit
wechat
+ {"errcode":0,"errmsg":"ok","access_token":"t","expires_in":7200}
- {"errcode":60020,"errmsg":"not allow to access from your ip"} => 60020: not allow to access
~ {"errcode":42001,"errmsg":"access_token expired"} => access_token expired
feishu
+ {"StatusCode":0,"StatusMessage":"success","code":0,"data":{},"msg":"success"}
+ {"Extra":null,"StatusCode":0,"StatusMessage":"success"}
- {"code":19024,"data":{},"msg":"Key Words Not Found"} => code 19024: Key Words Not Found
- {"code":19021,"msg":"sign match fail or timestamp is not within one hour"} => sign match fail
~ {"code":11232,"data":{},"msg":"frequency limited psm"} => frequency limited
~ {"code":9499,"msg":"too many request"} => too many request
lark
+ {"StatusCode":0,"StatusMessage":"success","code":0,"data":{},"msg":"success"}
- {"code":19001,"data":{},"msg":"param invalid: incoming webhook access token invalid"} => code 19001: param invalid
~ {"code":11232,"data":{},"msg":"frequency limited psm"} => frequency limited
tgram
+ {"ok":true,"result":{"message_id":1}}
- {"ok":false,"error_code":400,"description":"Bad Request: chat not found"} => chat not found
~ {"ok":false,"error_code":500,"description":"Internal Server Error: restart"} => restart
slack
+ ok
- {"ok":false,"error":"channel_not_found"} => channel_not_found
~ {"ok":false,"error":"ratelimited"} => ratelimited
rocket
+ {"success":true,"status":"success","data":{"authToken":"a","userId":"b"}}
- {"success":false,"status":"success","error":"unauthorized"} => unauthorized
~ {"success":false,"status":"success","error":"error-too-many-requests"} => too-many-requests
zulip
+ {"id":42,"msg":"","result":"success"}
- {"code":"STREAM_DOES_NOT_EXIST","msg":"Channel 'x' does not exist","result":"error"} => Channel 'x' does not exist
~ {"code":"RATE_LIMIT_HIT","msg":"API usage exceeded","result":"error"} => API usage exceeded
synology
+ {"success":true}
- {"error":{"code":404,"errors":"invalid token"},"success":false} => invalid token
~ {"error":{"code":411,"errors":"create post too fast"},"success":false} => create post too fast
kook
+ {"code":0,"message":"操作成功","data":{}}
- {"code":40100,"message":"No permission","data":{}} => code 40100: No permission
~ {"code":429,"message":"slow","data":{}} => code 429: slow
onebot
+ {"status":"ok","retcode":0,"data":{"message_id":1}}
- {"status":"failed","retcode":100,"wording":"group not found"} => group not found
~ {"status":"failed","retcode":1200,"wording":"消息发送超时"} => 超时
viber
+ {"status":0,"status_message":"ok"}
- {"status":6,"status_message":"notSubscribed"} => status 6: notSubscribed
~ {"status":12,"status_message":"tooManyRequests"} => tooManyRequests
zalo
+ {"ok":true,"result":{}}
- {"ok":false,"description":"Unauthorized","error_code":401} => Unauthorized
~ {"ok":false,"description":"Quota exceeded","error_code":429} => Quota exceeded
whapi
+ {"sent":true,"message":{"id":"x"}}
- {"sent":false,"error":{"code":404,"message":"specified chat not found"}} => specified chat not found
~ {"sent":false,"error":{"code":429,"message":"slow down"}} => slow down
whatsapp
+ {"messaging_product":"whatsapp","messages":[{"id":"wamid.x"}]}
- {"error":{"message":"(#131030) Recipient phone number not in allowed list","code":131030}} => not in allowed list
~ {"error":{"message":"(#130429) Rate limit hit","code":130429}} => Rate limit hit
gupshup
+ {"status":"submitted","messageId":"x"}
- {"status":"error","message":"Invalid App Details"} => Invalid App Details
~ {"status":"error","message":"Too many requests"} => Too many requests
kakaotalk
+ {"result_code":0,"access_token":"a","expires_in":21599}
- {"result_code":-402,"msg":"insufficient scopes","access_token":"a","expires_in":21599} => result_code -402
reddit
+ {"json":{"errors":[],"data":{}},"access_token":"a"}
- {"json":{"errors":[["SUBREDDIT_NOEXIST","that subreddit doesn't exist","sr"]]},"access_token":"a"} => that subreddit doesn't exist
~ {"json":{"errors":[["RATELIMIT","you are doing that too much. try again in 9 minutes.","ratelimit"]]},"access_token":"a"} => try again in 9 minutes
nctalk
+ {"ocs":{"meta":{"status":"ok","statuscode":201},"data":{}}}
- {"ocs":{"meta":{"status":"failure","statuscode":404,"message":"no room"},"data":{}}} => no room
ncloud
+ {"ocs":{"meta":{"status":"ok","statuscode":200},"data":[]}}
- <?xml version="1.0"?><ocs><meta><status>failure</status><statuscode>404</statuscode><message>no such user</message></meta></ocs> => no such user
github
+ {"id":1,"html_url":"x"}
- {"errors":[{"message":"Resource not accessible by integration"}]} => Resource not accessible
schan
+ {"code":0,"message":"","data":{"pushid":"1","readkey":"SCT","error":"SUCCESS","errno":0}}
- {"code":40001,"message":"bad pushtoken","data":{}} => code 40001: bad pushtoken
~ {"code":40001,"message":"超过当天的发送次数限制[5],请稍后再试","data":{}} => 请稍后再试
pushplus
+ {"code":200,"msg":"请求成功","data":"x"}
- {"code":903,"msg":"无效的用户令牌","data":""} => code 903: 无效的用户令牌
~ {"code":900,"msg":"用户账号使用受限","data":""} => 用户账号使用受限
wxpusher
+ {"code":1000,"msg":"处理成功","data":[],"success":true}
- {"code":1002,"msg":"appToken不正确","success":false} => code 1002: appToken不正确
~ {"code":1005,"msg":"error","success":false} => code 1005
wpush
+ {"code":0,"message":"success"}
- {"code":401,"message":"invalid apikey"} => code 401: invalid apikey
~ {"code":500,"message":"busy"} => busy
qq
+ {"success":true,"reason":"操作成功","code":0,"info":{}}
- {"success":false,"reason":"KEY不存在","code":500,"info":{}} => KEY不存在
~ {"success":false,"reason":"发送过于频繁","code":500,"info":{}} => 频繁
pushme
+ success
- 推送失败:push_key错误 => push_key错误
~ 请求过于频繁,请稍后 => 频繁
pushdeer
+ {"code":0,"content":{"result":["ok"]}}
- {"code":80403,"error":"key无效"} => code 80403: key无效
~ {"code":80500,"error":"internal server error"} => internal server error
spugpush
+ {"code":200,"msg":"请求成功","request_id":"x"}
- {"code":404,"msg":"消息模板不存在"} => code 404: 消息模板不存在
~ {"code":500,"msg":"busy"} => busy
bark
+ {"code":200,"message":"success","timestamp":1}
- {"code":400,"message":"failed to get device token"} => code 400: failed to get device token
~ {"code":500,"message":"push failed"} => push failed
pover
+ {"status":1,"request":"x"}
- {"status":0,"errors":["user identifier is not a valid user"],"request":"x"} => user identifier is not a valid user
~ {"status":0,"errors":["temporarily out of service"],"request":"x"} => temporarily out of service
psafer
+ {"status":1,"success":"message transmitted","available":1}
- {"status":0,"error":"missing or wrong private key"} => missing or wrong private key
~ {"status":0,"error":"too many messages"} => too many messages
pushy
+ {"success":true,"id":"x","info":{"devices":1}}
- {"success":false,"code":"NO_RECIPIENTS","error":"no devices were found"} => no devices were found
~ {"success":false,"code":"INTERNAL_ERROR","error":"oops"} => oops
pushed
+ {"response":{"type":"shipment_queued","message":"queued"}}
- {"error":{"type":"invalid_app_key","message":"App key is wrong"}} => App key is wrong
pjet
+ {"status":"ok"}
- {"error":{"id":2,"message":"Service does not exist"}} => Service does not exist
push
+ {"success":true,"message":"Notification queued"}
- {"success":false,"message":"Incorrect API key"} => Incorrect API key
~ {"success":false,"message":"Rate limited"} => Rate limited
prowl
+ <?xml version="1.0"?><prowl><success code="200" remaining="999" resetdate="1"/></prowl>
- <?xml version="1.0"?><prowl><error code="401">Invalid API key</error></prowl> => code 401: Invalid API key
~ <?xml version="1.0"?><prowl><error code="406">Exceeded 1000 calls</error></prowl> => Exceeded 1000 calls
join
+ {"success":true,"userAuthError":false}
- {"success":false,"userAuthError":true,"errorMessage":"No user with that API key"} => No user with that API key
~ {"success":false,"errorMessage":"GCM internal server error"} => internal server error
onesignal
+ {"id":"b98881cc","recipients":1,"external_id":null}
+ {"id":"b98881cc","errors":{"invalid_player_ids":["x"]}}
- {"id":"","recipients":0,"errors":["All included players are not subscribed"]} => All included players are not subscribed
gorush
+ {"success":"ok","counts":1,"logs":[]}
- {"success":"ok","counts":1,"logs":[{"type":"failed-push","platform":"ios","token":"0123456789abcdef","error":"BadDeviceToken"}]} => BadDeviceToken
parsep
+ {"result":true}
- {"result":false,"code":115,"error":"push misconfigured"} => push misconfigured
~ {"result":false,"code":155,"error":"request limit exceeded"} => request limit exceeded
notifiarr
+ {"result":"success","details":{"response":"sent"}}
- {"result":"error","details":{"response":"Channel ID is missing"}} => Channel ID is missing
splunk
+ {"result":"success","entity_id":"x"}
- {"result":"failure","message":"unknown api key"} => unknown api key
strmlabs
+ {"success":true}
+ {"donation_id":1}
- {"success":false,"message":"Unauthorized"} => Unauthorized
lfg
+ {"fired":true,"devices":1}
- {"fired":false,"devices":0,"message":"no device"} => no device
lametric
+ {"success":{"id":"1"}}
- {"errors":[{"message":"Authorization is required"}]} => Authorization is required
enigma2
+ {"result":true,"message":"sent"}
- {"result":false,"message":"Parameter type not set"} => Parameter type not set
kodi
+ {"id":1,"jsonrpc":"2.0","result":"OK"}
- {"error":{"code":-32601,"message":"Method not found."},"id":1,"jsonrpc":"2.0"} => Method not found.
postmark
+ {"To":"a","SubmittedAt":"x","MessageID":"y","ErrorCode":0,"Message":"OK"}
- {"ErrorCode":406,"Message":"Inactive recipient"} => ErrorCode 406: Inactive recipient
~ {"ErrorCode":100,"Message":"Maintenance"} => Maintenance
smtp2go
+ {"request_id":"x","data":{"succeeded":1,"failed":0,"failures":[]}}
- {"request_id":"x","data":{"succeeded":0,"failed":1,"failures":["sender is not verified"]}} => sender is not verified
- {"request_id":"x","data":{"error":"invalid api_key","error_code":"E_x"}} => invalid api_key
sendpulse
+ {"result":true,"id":"x","access_token":"a","expires_in":3600}
- {"result":false,"message":"Sender is not valid","access_token":"a"} => Sender is not valid
sparkpost
+ {"results":{"total_rejected_recipients":0,"total_accepted_recipients":1,"id":"x"}}
- {"results":{"total_rejected_recipients":1,"total_accepted_recipients":0,"id":"x"}} => total_rejected_recipients 1
ses
+ <SendRawEmailResponse><SendRawEmailResult><MessageId>x</MessageId></SendRawEmailResult></SendRawEmailResponse>
- <ErrorResponse><Error><Type>Sender</Type><Code>MessageRejected</Code><Message>Email address is not verified.</Message></Error></ErrorResponse> => Email address is not verified.
~ <ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>Maximum sending rate exceeded.</Message></Error></ErrorResponse> => Maximum sending rate
sns
+ <PublishResponse><PublishResult><MessageId>x</MessageId></PublishResult></PublishResponse>
- <ErrorResponse><Error><Type>Sender</Type><Code>InvalidParameter</Code><Message>Invalid parameter: PhoneNumber</Message></Error></ErrorResponse> => Invalid parameter: PhoneNumber
~ <ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse> => Rate exceeded
atalk
+ {"SMSMessageData":{"Message":"Sent to 1/1","Recipients":[{"statusCode":101,"number":"+15551231234","status":"Success"}]}}
- {"SMSMessageData":{"Message":"Sent to 0/1","Recipients":[{"statusCode":406,"number":"+15551231234","status":"UserInBlacklist"}]}} => UserInBlacklist
~ {"SMSMessageData":{"Message":"Sent to 0/1","Recipients":[{"statusCode":501,"number":"+15551231234","status":"GatewayError"}]}} => GatewayError
bulksms
+ [{"id":"1","to":"1","status":{"id":"ACCEPTED.null","type":"ACCEPTED","subtype":null}}]
- [{"id":"1","to":"1","status":{"id":"FAILED.NOT_SENT","type":"FAILED","subtype":"INSUFFICIENT_CREDITS"}}] => INSUFFICIENT_CREDITS
bulkvs
+ {"RefId":"x","Results":[{"To":"1","Status":"SUCCESS"}]}
- {"RefId":"x","Results":[{"To":"1","Status":"FAILED"}]} => FAILED
burstsms
+ {"message_id":1,"error":{"code":"SUCCESS","description":"OK"}}
- {"error":{"code":"LEDGER_ERROR","description":"Insufficient funds"}} => Insufficient funds
~ {"error":{"code":"OVER_LIMIT","description":"slow"}} => slow
clickatell
+ {"messages":[{"apiMessageId":"x","accepted":true,"to":"1","error":null}],"error":null}
- {"messages":[{"apiMessageId":null,"accepted":false,"to":"1","errorCode":105,"error":"Invalid destination address"}],"error":null} => Invalid destination address
- {"messages":[],"errorCode":108,"error":"Invalid or missing integration API Key."} => missing integration API Key
clicksend
+ {"http_code":200,"response_code":"SUCCESS","data":{"messages":[{"status":"SUCCESS"}]}}
- {"http_code":200,"response_code":"SUCCESS","data":{"messages":[{"status":"INVALID_RECIPIENT"}]}} => INVALID_RECIPIENT
~ {"http_code":200,"response_code":"SUCCESS","data":{"messages":[{"status":"THROTTLED"}]}} => THROTTLED
cm
+ {"details":"Created 1 message(s)","errorCode":0,"messages":[{"to":"0015551231234","status":"Accepted"}]}
- {"details":"No account found","errorCode":101,"messages":[]} => errorCode 101: No account found
~ {"details":"Unknown error","errorCode":999,"messages":[]} => errorCode 999
d7sms
+ {"request_id":"x","status":"accepted","created_at":"y"}
- {"status":"rejected","detail":{"code":"INSUFFICIENT_CREDIT","message":"not enough balance"}} => not enough balance
exotel
+ {"SMSMessage":{"Sid":"x","Status":"queued"}}
- <TwilioResponse><SMSMessage><Sid>x</Sid><Status>failed-dnd</Status><DetailedStatus>FAILED_DND</DetailedStatus></SMSMessage></TwilioResponse> => FAILED_DND
46elks
+ {"status":"created","direction":"outgoing","id":"s1"}
- {"status":"failed","direction":"outgoing","id":"s1"} => status failed
httpsms
+ {"status":"success","data":{},"message":"message added to queue"}
- {"status":"error","message":"no phone with that number"} => no phone with that number
infobip
+ {"messages":[{"status":{"groupId":1,"groupName":"PENDING"}}]}
- {"messages":[{"status":{"groupId":5,"groupName":"REJECTED","description":"Not enough credits"}}]} => Not enough credits
kaleyra
+ {"id":"x","error":{}}
- {"error":{"to":"Invalid Number"},"message":"not sent"} => not sent
kavenegar
+ {"return":{"status":200,"message":"تایید شد"},"entries":[]}
- {"return":{"status":411,"message":"receptor is invalid"},"entries":null} => status 411: receptor is invalid
~ {"return":{"status":409,"message":"server can not answer"},"entries":null} => server can not answer
msgbird
+ {"id":"x","recipients":{"totalSentCount":1,"items":[{"recipient":1,"status":"sent"}]}}
- {"id":"x","recipients":{"totalSentCount":0,"items":[{"recipient":1,"status":"delivery_failed"}]}} => status delivery_failed
mobilemessage
+ {"status":"complete","results":[{"to":"61412345678","status":"success"}]}
- {"status":"complete","results":[{"to":"61412345678","status":"error","error":"Sender not registered"}]} => Sender not registered
msg91
+ {"type":"success","message":"3763646c3058373530393938"}
- {"type":"error","message":"template id missing"} => template id missing
notifyre
+ {"payload":{"smsMessageID":"x"},"success":true,"statusCode":200,"message":"OK","errors":[]}
- {"success":false,"statusCode":400,"message":"Invalid recipient","errors":[]} => Invalid recipient
plivo
+ {"message":"message(s) queued","message_uuid":["x"],"api_id":"y"}
- {"api_id":"y","error":"insufficient credit"} => insufficient credit
serwersms
+ {"success":true,"queued":1,"unsent":0}
- {"success":false,"error":{"code":1001,"type":"InvalidUser","message":"Invalid login or password"}} => Invalid login or password
seven
+ {"success":"100","total_price":0.075,"messages":[{"success":true,"error":null,"error_text":null}]}
+ 100
- {"success":"900","messages":[{"success":false,"error":"900","error_text":"authentication failed"}]} => authentication failed
- 500
~ 600
sfr
+ {"success":true,"response":1}
- {"success":false,"errorCode":"AUTHENTICATION_ERROR","errorDetail":"wrong password"} => wrong password
smsc
+ {"id":1,"cnt":1}
- {"error":"invalid number","error_code":7} => error_code 7: invalid number
~ {"error":"duplicate request, wait a minute","error_code":9} => wait a minute
smseagle
+ {"result":{"message_id":"1","status":"ok"}}
- {"result":{"error_text":"Wrong parameters","status":"error"}} => Wrong parameters
smsmgr
+ OK|1|15557654321
- ERROR|102 => ERROR|102
smstunnel
+ {"success":true,"queued":1}
- {"success":false,"message":"device not found"} => device not found
telesign
+ {"reference_id":"x","status":{"code":290,"description":"Message in progress"}}
- {"reference_id":"x","status":{"code":11000,"description":"Invalid value for phone_number"}} => code 11000: Invalid value for phone_number
~ {"reference_id":"x","status":{"code":500,"description":"Transaction not attempted"}} => Transaction not attempted
telnyx
+ {"data":{"record_type":"message","errors":[],"id":"x"}}
- {"errors":[{"code":"40300","title":"Blocked","detail":"Blocked due to STOP message"}]} => Blocked due to STOP message
twilio
+ {"sid":"SMx","status":"queued","error_code":null,"error_message":null}
- {"sid":"SMx","status":"failed","error_code":21610,"error_message":"Attempt to send to unsubscribed recipient"} => unsubscribed recipient
~ {"sid":"SMx","status":"failed","error_code":30001,"error_message":"Queue overflow"} => Queue overflow
voipms
+ {"status":"success","sms":1}
- {"status":"invalid_dst"} => invalid_dst
~ {"status":"limit_reached"} => limit_reached
vonage
+ {"message-count":"1","messages":[{"to":"1","status":"0"}]}
- {"message-count":"1","messages":[{"status":"4","error-text":"Bad Credentials"}]} => status 4: Bad Credentials
~ {"message-count":"1","messages":[{"status":"1","error-text":"Throughput Exceeded"}]} => Throughput Exceeded
"""


@dataclass(frozen=True)
class Case:
    """One documented answer: its sign, and the part of its reason that people read."""

    service: str
    sign: str
    body: str
    told: str


def cases() -> list[Case]:
    """All of them, in the order of the text."""
    found: list[Case] = []
    service = ""
    for line in _ANSWERS.strip().splitlines():
        if line[0] in "+-~" and line[1:2] == " ":
            body, _, told = line[2:].partition(" => ")
            found.append(Case(service, line[0], body, told))
        else:
            service = line
    return found
