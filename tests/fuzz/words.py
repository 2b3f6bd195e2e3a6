"""Words that hostile input is made of."""

from __future__ import annotations

# JSON values as they stand; some that Python's writer would not write.
LITERALS = """
NaN Infinity -Infinity 1e400 -1e400 1e15 1e16 1000000000000000 1000000000000001 -0 -0.0 0e0 00
01 +1 .5 5. 1e 0x10 1_000 true false null nul {} [] [[]] "" "-" "null" "NULL" "NaN" "nan" "inf"
"Infinity" "1e3" "1,000" " 5 " "+5" "5." ".5" "0x10" "1_0" "\\u0665" "true" "20%" "\\ud800"
"\\udc00\\ud800" "\\ud83d\\ude00" "\\u0000" "\\u202e" "a\\"b" 1E5 1.0 1.5 9007199254740993
18446744073709551616 -9223372036854775809 {"a":1,"a":2} "2147483648" "1e400" 1e-400 "1e-400"
"a\x00b" "\x1b[31m" 9999999999999999999999999999999999999999999999999999999999999999999999
""".split()

# Scalars of a rule file.
SCALARS = """
~ null true false yes NO on 0 1 -1 2 10 012 1_000 22:22 1.5 .5 1e3 1e400 -1e400 0x10 .inf .nan
10% 10k 1.5m 1e9m 1000000 1000001 99999999999999999999 24h 1s 0s 7d 2w 1h30m 99999w 9d9d last
rising US us U {} [] <<: & * ! !!python/object:os.system % @ ` | > - ? : # , ${HOME} ${ ${}
$${X} ${../../etc/passwd} ${KEYAPI_KEY} ${FROM_FILE} ${MISSING} $KEYAPI_KEY json://h mailto://
tgram://x/y rank w a me all any not appears from min_change over in between matches contains
total_sale_7d_cnt sales_trend_flag product_name region earnings more commission age_days
2026-11-23 20261123 Europe/Berlin ../../etc/passwd /etc/localtime UTC posixrules . .. \xe9
\u202e \U0001f600 \u0665 09:00 22:00-22:00 25:00-07:00 a{1000}{1000}
(((((((((((((((((((((((((((((((((((((((( \x00 \ud800 min(rank) ' "
""".split()

# Pieces of a formula.
FORMULA = """
rank commission total_sale_7d_cnt earnings 1 2 0 0.5 1e308 1e309 10k 1m 999999999999 .5 5. + - *
/ ** ( ) , < <= > >= == != if else min( max( abs( ln( log10( sqrt( round( ^ % = ; lambda
__import__ a.b [0] ' " \u0665 \xe9
""".split()

# Pieces of a regular expression.
PATTERN = """
a . .* .+ .? \\d \\w+ \\pL [^a] [[:alpha:]] (?i) ( ) (?: | ^ $ {1000} {1001} {0,1000} {2,} * + ?
\\b \\1 (?=a) (?<n>a) \\C \\x{10ffff} \\x{110000} \\Q \\E [ ] [z-a] \\ (?P<n> \U0001f600 \ud800
(a{1000}){1000} ((a{100}){100}){100} (.*){50} (x+x+)+y
""".split()

# Pieces of a template.
TEMPLATE = """
{{ }} {% %} {# #} title products product.name product.why x.y for if else elif endfor endif in loop
loop.index . | join(', ') truncate(9) truncate(999999999) upper default('x') length + - * ** / // %
~ ( ) [ ] [0] [:3] [::-1] 'a' 1 1e308 99999999999999999999 not and or is defined none == < macro
set include import extends call block raw self __class__ title.__class__.__mro__ cycler
namespace range lipsum() dict() attr('x') map('x') format('%999999999d') center(999999999)
''.join @everyone {{{{
""".split()

# Pieces of an HTTP date.
DATE = """
Wed Mon, 21 0 -1 99999999999999999999 Oct Okt 2099 1 9999 07:28:00 24:00:00 99:99:99 1:2 7.28.00 GMT
-0000 +9999 +99999999999 EST a ( ) , < : \x1c
""".split()
