"""What a program does that uses the vendor's package ``exsited`` 4.0.x on v3, whose token endpoint is that of v1."""

import json
import sys

from exsited import (
    AuthConfig,
    ExsitedClient,
    MemoryTokenStore,
    SdkAuthError,
    SdkConfig,
    TokenProvider,
    Transport,
    iter_records,
)

TOKEN_PATH = "/api/v1/oauth2/token"


def client(base_url, secret="rescind-secret", record=None):
    auth = AuthConfig(
        client_name="test",
        base_url=base_url,
        client_id="rescind-client",
        client_secret=secret,
        redirect_uri="https://client.example/callback",
        token_cache_path=None,
    )
    config = SdkConfig(auth, api_version="v3", max_retries=1)
    transport, store = Transport(config), MemoryTokenStore()
    if record:
        store.write_token_record(record)
    return ExsitedClient(
        config, transport=transport, token_provider=TokenProvider(config, transport, store, token_path=TOKEN_PATH)
    )


def main(base_url):
    sdk = client(base_url)
    met = {"deleted": sdk.orders.delete_order("ORD-10001").status_code}
    again = sdk.orders.delete_order("ORD-10001")
    met["again"] = [again.status_code, again.error_type.value]
    met["listed"] = [one["id"] for one in iter_records(sdk, "/api/v3/orders", "orders", query_params={"limit": 1})]
    expired = {"access_token": "exs-expired-token", "refresh_token": "exs-refresh-once", "expires_at": 1.0}
    met["after its token expired"] = client(base_url, record=expired).orders.delete_order("ORD-10002").status_code
    try:
        client(base_url, secret="wrong").orders.delete_order("ORD-10003")
    except SdkAuthError as refusal:
        met["wrong secret"] = str(refusal)
    return met


if __name__ == "__main__":
    print("\n" + json.dumps(main(*sys.argv[1:])))
