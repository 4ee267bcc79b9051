"""Ask URLs for an answer, all beside each other: `python3 knock.py URL...`; run on the host with its Python.

Prints a JSON object: each URL with nothing for a good answer (2xx), else with what the other side said.
Certificates are not judged here, proxies are not used.  It needs no more than Python 3.6.
"""

import json
import ssl
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from urllib.request import HTTPSHandler, OpenerDirector, ProxyHandler, build_opener

# in seconds
PATIENCE = 30


def said(opener: OpenerDirector, url: str) -> str:
    """Why there was no good answer; empty for one."""
    try:
        status = opener.open(url, timeout=PATIENCE).status
    # whatever it is, it is the answer
    except Exception as error:
        return "".join(traceback.format_exception_only(type(error), error)).strip().splitlines()[-1]
    return "" if str(status).startswith("2") else f"an answer of HTTP {status}"


def main() -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    opener = build_opener(ProxyHandler({}), HTTPSHandler(context=context))
    urls = sys.argv[1:]
    with ThreadPoolExecutor(max_workers=len(urls) or 1) as pool:
        answers = {url: pool.submit(said, opener, url) for url in urls}
    sys.stdout.write(json.dumps({url: answer.result() for url, answer in answers.items()}) + "\n")


if __name__ == "__main__":
    main()
