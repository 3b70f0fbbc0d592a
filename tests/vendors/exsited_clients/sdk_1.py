"""What a program does that uses the vendor's package ``exsited`` 1.0.x; prints what it met, as JSON.

``sdk_1.py BASE_URL TOKEN_FILE``: with an empty TOKEN_FILE the package keeps its token in memory.
"""

import json
import sys
import urllib.request

from exsited.common.ab_exception import ABException
from exsited.exsited.auth.dto.token_dto import RequestTokenDTO
from exsited.exsited.exsited_sdk import ExsitedSDK

CREDENTIALS = {
    "grantType": "client_credentials",
    "clientId": "rescind-client",
    "clientSecret": "rescind-secret",
    "redirectUri": "https://client.example/callback",
}


def main(base_url, token_file):
    sdk = ExsitedSDK().init_sdk(RequestTokenDTO(**CREDENTIALS, exsitedUrl=base_url), *token_managers(token_file))
    met = {"deleted": attempt(sdk.order.delete, "ORD-10001"), "again": attempt(sdk.order.delete, "ORD-10001")}
    expire_tokens(base_url)
    met["after its token expired"] = attempt(sdk.order.delete, "ORD-10002")
    return met


def token_managers(token_file):
    if not token_file:
        return ()
    from exsited.http.file_token_manager import FileTokenManager

    return (FileTokenManager(token_file),)


def attempt(call, *arguments, **options):
    try:
        return call(*arguments, **options)
    except ABException as refusal:
        return {"message": refusal.message, "errors": refusal.errors, "raw": refusal.raw_response}


def expire_tokens(base_url):
    request = urllib.request.Request(
        base_url.rstrip("/") + "/_rescind/clock/advance",
        data=json.dumps({"seconds": 3601}).encode(),
        headers={"Content-Type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=30).close()


if __name__ == "__main__":
    print("\n" + json.dumps(main(*sys.argv[1:])))
