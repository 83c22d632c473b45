"""The HTTP kit: what every door (an HTTP Cloud Function) is made of. A door imports what it needs from here.

door.py         a Door: its routes, and how one request goes through it
route.py        one route, and how paths match
call.py         one request as a handler sees it: who, which id, body and query, checked
answer.py       what a handler gives back; file.py: bytes of a stream, in ranges
problems.py     every failure as application/problem+json
guard.py        who may call
idempotency.py  POSTs that may be sent twice
pagination.py   page_size and page_token
openapi.py      the OpenAPI 3.1 document of all doors
docs_page.py    the same as a page to read
log.py          one line a request
unrouted.py     what the framework would answer by itself
"""

from functions._http.answer import Answer
from functions._http.app import HttpApp
from functions._http.call import Call
from functions._http.door import Door, find_door
from functions._http.file import File
from functions._http.guard import AccountGuard, Guard, OpenGuard, Policy, Principal, TaskTokenGuard
from functions._http.pagination import Listing, PageQuery
from functions._http.preconditions import require_match

__all__ = [
    "AccountGuard",
    "Answer",
    "Call",
    "Door",
    "File",
    "Guard",
    "HttpApp",
    "Listing",
    "OpenGuard",
    "PageQuery",
    "Policy",
    "Principal",
    "TaskTokenGuard",
    "find_door",
    "require_match",
]
