"""The control API of scenarios: begin one in a sandbox, be a client, claim, and get the verdict."""

from __future__ import annotations

import socket
import threading
from typing import Any

import httpx
import jsonschema_rs
import pytest

from rescind.documents import reading, shipped
from rescind.errors import DocumentError

SCHEMAS = reading.load(shipped.CONTROL_SPEC, DocumentError).data["components"]["schemas"]
VERDICT = jsonschema_rs.validator_for({"$ref": "#/components/schemas/TrialVerdict", "components": {"schemas": SCHEMAS}})


class Trial:
    """A scenario that was begun in a sandbox, with the plain calls of a client."""

    def __init__(self, sandbox: str, scenario: str, **asked: Any) -> None:
        self.url = f"{sandbox}/_rescind/scenarios/{scenario}"
        begun = httpx.post(f"{self.url}/begin", json={"timeout_seconds": 2, **asked})
        assert begun.status_code == 200, begun.text
        self.beginning = begun.json()
        self.gives = self.beginning["gives"][0]
        self.base = self.gives["base_url"]

    def delete(
        self, *, timeout: float = 5, headers: dict[str, str] | None = None, **changes: Any
    ) -> httpx.Response | None:
        """Send the plain deletion; None where there was no answer."""
        given = self.gives | changes
        if "api_key" in given:
            query = {"API_KEY": given["api_key"], "accountId": given["account"], "orderId": given["order"]}
            request = httpx.Request("DELETE", f"{self.base}/v2/orders", params=query, headers=headers)
        else:
            request = httpx.Request("DELETE", f"{self.base}/api/v2/orders/{given['order']}", headers=headers)
        with httpx.Client(timeout=timeout) as client:
            request.extensions["timeout"] = httpx.Timeout(timeout).as_dict()
            try:
                return client.send(request)
            except httpx.HTTPError:
                return None

    def claim(self, claim: str | None, **more: Any) -> dict[str, str]:
        """Return the requirements that were broken, each with what happened."""
        self.verdict = httpx.post(f"{self.url}/claim", json={"claim": claim, **more}).json()
        VERDICT.validate(self.verdict)
        return {finding["requirement"]: finding["happened"] for finding in self.verdict["findings"]}


def test_plan_is_listed_by_vendor(sandbox: str) -> None:
    everything = httpx.get(f"{sandbox}/_rescind/scenarios").json()["scenarios"]
    mine = httpx.get(f"{sandbox}/_rescind/scenarios?vendor=exsited").json()["scenarios"]
    assert {one["vendor"] for one in everything} == {"alephee", "ecommerce", "exsited", "rxuniverse"}
    assert mine == [one for one in everything if one["vendor"] == "exsited"]
    assert mine[0] == {
        "id": "exsited.answers.deleted",
        "vendor": "exsited",
        "group": "answers",
        "name": "deleted",
        "title": "The order is deleted permanently; Content-Type is sent, since the vendor's own client reads it.",
        "outcome": "exsited.deleteOrder.deleted",
        "met": "natural",
        "runs": 1,
        "at_once": False,
        "placeholders": ["base_url", "token", "order", "client_id", "client_secret", "redirect_uri", "refresh_token"],
    }


def test_honest_client_breaks_nothing_and_the_evidence_is_there(sandbox: str) -> None:
    trial = Trial(sandbox, "alephee.answers.deleted")
    assert trial.beginning["scenario"] == "alephee.answers.deleted"
    assert trial.base == sandbox
    trial.delete()
    assert trial.claim("gone") == {}
    (call,) = trial.verdict["calls"]
    assert (call["request"], call["status"], call["took_effect"]) == (
        "DELETE /v2/orders?API_KEY=***&accountId=1001&orderId=72001", 204, True,
    )  # fmt: skip
    assert trial.verdict["orders"] == {"72001": {"before": "stands", "after": "gone"}}
    assert trial.verdict["result"] == "passed"


@pytest.mark.parametrize(
    ("scenario", "claim", "broken"),
    [
        ("alephee.lost.reply_lost", "refused", {"no_false_claim", "find_out"}),
        ("alephee.lost.reply_lost", "unknown", {"find_out"}),
        ("alephee.lost.reply_lost", "gone", {"find_out"}),
        ("alephee.lost.connection_reset", "gone", {"no_false_claim", "find_out"}),
        ("alephee.lost.connection_reset", "refused", {"find_out"}),
        ("rxuniverse.lost.truncated_body_without_effect", "gone", {"no_false_claim", "find_out"}),
        ("rxuniverse.lost.truncated_body", "refused", {"no_false_claim", "find_out"}),
        ("alephee.lost.error_after_effect", "refused", {"no_false_claim", "retry_transient"}),
        ("alephee.lost.error_before_effect", "refused", {"tell_final", "retry_transient"}),
        ("alephee.answers.order_not_found", "gone", set()),
        ("alephee.answers.order_not_found", "refused", set()),
        ("alephee.answers.order_not_found", "unknown", set()),
        ("alephee.answers.foreign", "gone", set()),
        ("alephee.answers.native_marketplace_order", "gone", {"no_false_claim"}),
        ("alephee.answers.native_marketplace_order", "unknown", {"tell_final"}),
        ("alephee.answers.native_marketplace_order", "refused", set()),
        ("alephee.answers.already_deleted", "refused", set()),
        ("alephee.answers.deleted", "unknown", {"tell_final"}),
        ("alephee.answers.deleted", "refused", {"no_false_claim"}),
        ("alephee.answers.meanwhile", "gone", set()),
        ("alephee.answers.meanwhile", "refused", set()),
        ("alephee.answers.twice", "gone", set()),
        ("alephee.limits.for_ever", "unknown", {"retry_transient"}),
        ("alephee.limits.for_ever", "refused", {"retry_transient", "tell_final"}),
        ("alephee.tolerance.unknown_members", "unknown", {"tolerance"}),
        ("rxuniverse.tolerance.chunked_body", "gone", set()),
        ("rxuniverse.races.two_runs", "gone", set()),
        ("rxuniverse.races.two_runs", "refused", set()),
    ],
)
def test_claim_after_one_plain_deletion(sandbox: str, scenario: str, claim: str, broken: set[str]) -> None:
    trial = Trial(sandbox, scenario)
    trial.delete()
    assert trial.claim(claim).keys() == broken
    assert trial.verdict["result"] != "not met"


def test_client_that_sends_nothing_meets_nothing_and_may_not_claim_a_success(sandbox: str) -> None:
    assert Trial(sandbox, "alephee.answers.deleted").claim("unknown") == {}
    trial = Trial(sandbox, "alephee.answers.deleted")
    assert trial.claim("gone") == {"no_false_claim": "claimed `gone`, and order 72001 stands"}
    again = Trial(sandbox, "alephee.lost.hang")
    again.claim("unknown")
    assert again.verdict["result"] == "not met"


def test_own_retry_that_finds_the_order_gone_may_not_be_called_refused(sandbox: str) -> None:
    for claim, broken in (("gone", set[str]()), ("unknown", set()), ("refused", {"no_false_claim"})):
        trial = Trial(sandbox, "alephee.lost.reply_lost")
        trial.delete()
        answer = trial.delete()
        assert answer is not None
        assert answer.status_code == 304
        assert trial.claim(claim).keys() == broken


def test_second_call_before_the_wait_is_over_is_too_early_and_one_after_it_is_not(sandbox: str) -> None:
    trial = Trial(sandbox, "alephee.limits.once")
    trial.delete()
    trial.delete()
    assert trial.claim("gone").keys() == {"pacing"}
    patient = Trial(sandbox, "alephee.limits.window")
    threading.Event().wait(2.5)  # a client that starts late is refused all the same
    answer = patient.delete()
    assert answer is not None
    assert answer.status_code == 429
    threading.Event().wait(int(answer.headers["x-ratelimit-retryafter"]))
    patient.delete()
    assert patient.claim("gone") == {}
    assert patient.verdict["result"] == "passed"


def test_final_refusal_is_not_to_be_repeated_and_another_call_is_no_repetition(sandbox: str) -> None:
    trial = Trial(sandbox, "alephee.answers.forbidden")
    trial.delete()
    trial.delete(api_key="demo-key")
    assert "no_blind_retry" not in trial.claim("gone")
    blind = Trial(sandbox, "alephee.answers.forbidden")
    blind.delete()
    blind.delete()
    assert blind.claim("refused") == {"no_blind_retry": "call 2 repeats call 1, whose answer is final: forbidden"}


def test_deletion_of_another_order_is_an_effect_too_many(sandbox: str) -> None:
    trial = Trial(sandbox, "alephee.answers.deleted")
    trial.delete()
    trial.delete(order="72002")
    assert trial.claim("gone") == {"one_effect": "call 2 (DELETE) changed order 72002"}


def test_same_order_in_another_spelling_is_the_same_order(sandbox: str) -> None:
    trial = Trial(sandbox, "alephee.answers.deleted")
    trial.delete(order="072001")
    assert trial.claim("gone") == {}


def test_update_is_an_effect_that_nobody_asked_for(sandbox: str) -> None:
    trial = Trial(sandbox, "alephee.answers.deleted")
    query = {"API_KEY": trial.gives["api_key"], "accountId": trial.gives["account"]}
    httpx.put(f"{trial.base}/v2/orders", params=query, json={"OrderId": 72001, "Status": 90})
    trial.delete()
    assert trial.claim("gone").keys() == {"one_effect"}


def test_two_deletions_at_once_are_one_too_many(sandbox: str) -> None:
    trial = Trial(sandbox, "rxuniverse.answers.cancelled")
    both = [threading.Thread(target=trial.delete) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert trial.claim("gone").keys() == {"one_effect"}


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/v2/orders?API_KEY={api_key}&accountId=many&orderId=72001", "query accountId"),
        ("/v2/orders?API_KEY={api_key}&orderId=72001", "query accountId: is required"),
        ("/v2/orders/72001", "is not in the document"),
        ("/v3/orders", "is not in the document"),
    ],
)
def test_request_that_the_document_does_not_have_breaks_the_contract(sandbox: str, path: str, words: str) -> None:
    trial = Trial(sandbox, "alephee.answers.unknown_api_key")
    httpx.delete(trial.base + path.format(**trial.gives))
    broken = trial.claim("unknown")
    assert words in broken["contract"]


def test_method_that_the_sandbox_does_not_simulate_is_not_judged(sandbox: str) -> None:
    trial = Trial(sandbox, "alephee.answers.deleted")
    httpx.get(f"{trial.base}/v2/accounts?API_KEY={trial.gives['api_key']}")
    trial.delete()
    assert trial.claim("gone") == {}


@pytest.mark.parametrize(
    ("place", "headers", "changes"),
    [
        ("the header x-api-key", {"X-Api-Key": "demo-key"}, {}),
        ("the header user-agent", {"User-Agent": "client/1 (demo-key)"}, {}),
        ("the header authorization", {"Authorization": "Basic ZGVtby1rZXk6"}, {}),
        ("the header cookie", {"Cookie": "key=demo%2Dkey"}, {}),
        ("the query parameter orderId", {}, {"order": "demo-key"}),
    ],
)
def test_credential_in_another_place_is_told_by_its_place(
    sandbox: str, place: str, headers: dict[str, str], changes: dict[str, Any]
) -> None:
    trial = Trial(sandbox, "alephee.answers.deleted")
    trial.delete(headers=headers, **changes)
    trial.delete()
    assert trial.claim("gone")["secrets"] == f"call 1 has a credential in {place}"
    assert "demo-key" not in str(trial.verdict)


def test_hang_that_is_waited_out_breaks_patience_and_one_that_is_given_up_does_not(sandbox: str) -> None:
    trial = Trial(sandbox, "rxuniverse.lost.hang", timeout_seconds=0.5)
    trial.delete(timeout=5)
    trial.delete()
    assert trial.claim("gone").keys() == {"patience"}
    patient = Trial(sandbox, "rxuniverse.lost.hang", timeout_seconds=20)
    patient.delete(timeout=0.3)
    patient.delete()
    assert patient.claim("gone") == {}


def test_too_many_calls_are_not_bounded(sandbox: str) -> None:
    trial = Trial(sandbox, "rxuniverse.answers.cancelled")
    trial.delete()
    for _ in range(51):
        httpx.get(f"{trial.base}/api/v2/orders/{trial.gives['order']}/status")
    assert trial.claim("gone") == {"bounded": "made 52 calls, more than 50"}


def test_reply_that_came_after_the_client_had_given_up_counts_as_none(sandbox: str) -> None:
    trial = Trial(sandbox, "alephee.answers.forbidden")
    assert trial.delete(timeout=0.05) is None
    assert trial.delete() is not None
    assert trial.claim("refused") == {}
    limited = Trial(sandbox, "alephee.limits.once")
    assert limited.delete(timeout=0.05) is None
    limited.delete()
    assert limited.claim("gone") == {}
    slow = Trial(sandbox, "rxuniverse.tolerance.slow_body")
    with pytest.raises(TimeoutError):
        with_deadline(slow, 0.2)
    slow.delete()
    assert slow.claim("gone") == {}


def with_deadline(trial: Trial, seconds: float) -> None:
    """Send the deletion, and close the connection at the deadline."""
    address = httpx.URL(trial.base)
    with socket.create_connection((address.host, address.port)) as connection:
        path = f"{address.path}/api/v2/orders/{trial.gives['order']}"
        connection.sendall(f"DELETE {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        threading.Event().wait(seconds)
    raise TimeoutError


def test_client_that_gave_up_and_paused_was_patient_enough(sandbox: str) -> None:
    trial = Trial(sandbox, "rxuniverse.lost.hang", timeout_seconds=1)
    trial.delete(timeout=0.3)
    threading.Event().wait(1.2)
    trial.delete()
    assert trial.claim("gone") == {}


def test_read_may_be_repeated_and_one_of_another_order_says_nothing_of_this(sandbox: str) -> None:
    trial = Trial(sandbox, "rxuniverse.answers.not_found")
    url = f"{trial.base}/api/v2/orders/{trial.gives['order']}"
    for _ in range(2):
        httpx.get(f"{url}/status")
    trial.delete()
    httpx.get(f"{url}/status")
    assert trial.claim("refused") == {}
    liar = Trial(sandbox, "rxuniverse.lost.connection_reset")
    liar.delete()
    httpx.get(f"{liar.base}/api/v2/orders/9999999/status")
    assert liar.claim("gone").keys() == {"no_false_claim", "find_out"}


def test_change_of_the_order_itself_and_its_other_names_are_what_was_asked(sandbox: str) -> None:
    trial = Trial(sandbox, "exsited.answers.deleted")
    headers = {"Authorization": f"Bearer {trial.gives['token']}"}
    cancel = {"order": {"effective_date": "2026-12-01"}}
    httpx.post(f"{trial.base}/api/v3/orders/{trial.gives['order']}/cancel", json=cancel, headers=headers)
    delete_with(trial, trial.gives["token"])
    assert trial.claim("gone") == {}
    by_tray = Trial(sandbox, "rxuniverse.answers.cancelled")
    by_tray.delete(order="337178")
    assert by_tray.claim("gone") == {}
    assert by_tray.verdict["result"] == "passed"


def test_documented_answer_to_options_is_no_breach_of_the_contract(sandbox: str) -> None:
    trial = Trial(sandbox, "rxuniverse.answers.cancelled")
    httpx.options(f"{trial.base}/api/v2/orders/{trial.gives['order']}")
    trial.delete()
    assert trial.claim("gone") == {}


def test_request_that_the_journal_has_cut_is_not_validated(sandbox: str) -> None:
    trial = Trial(sandbox, "rxuniverse.answers.cancelled")
    url = f"{trial.base}/api/v2/orders/{trial.gives['order']}"
    httpx.request("DELETE", url, json={"deleteReason": "10", "note": "x" * 20_000})
    assert trial.claim("gone") == {}


def test_journal_that_the_client_has_emptied_is_not_complete(sandbox: str) -> None:
    trial = Trial(sandbox, "alephee.limits.for_ever")
    trial.delete()
    trial.delete()
    httpx.delete(f"{trial.base}/_rescind/journal")
    assert trial.claim("unknown") == {"bounded": "made more calls than the journal keeps, which is 0"}


def test_retry_with_a_parameter_that_the_document_does_not_know_is_the_same_call(sandbox: str) -> None:
    trial = Trial(sandbox, "alephee.answers.forbidden")
    given = trial.gives
    for index in range(2):
        query = {"API_KEY": given["api_key"], "accountId": given["account"], "orderId": given["order"], "_": index}
        httpx.delete(f"{trial.base}/v2/orders", params=query)
    assert trial.claim("refused").keys() == {"no_blind_retry"}


@pytest.mark.parametrize(
    ("query", "headers", "place"),
    [
        ("?exs-token", {}, "the name of a query parameter"),
        ("", {"exs-token": "1"}, "the name of a header"),
        ("?t=ZXhzLXRva2Vu", {}, "the query parameter t"),
        ("", {"X-Token": "ZXhzLXRva2Vu"}, "the header x-token"),
    ],
)
def test_credential_is_found_in_names_and_in_base64(
    sandbox: str, query: str, headers: dict[str, str], place: str
) -> None:
    trial = Trial(sandbox, "exsited.answers.deleted")
    sent = {"Authorization": f"Bearer {trial.gives['token']}", **headers}
    httpx.delete(f"{trial.base}/api/v3/orders/{trial.gives['order']}{query}", headers=sent)
    assert trial.claim("gone") == {"secrets": f"call 1 has a credential in {place}"}


def test_word_that_begins_like_a_credential_is_none(sandbox: str) -> None:
    trial = Trial(sandbox, "ecommerce.answers.deleted")
    headers = {"Authorization": f"Bearer {trial.gives['token']}", "User-Agent": "refresh-token-client/1.0"}
    httpx.delete(f"{trial.base}/api/v1/i/orders/{trial.gives['order']}/", headers=headers)
    assert trial.claim("gone") == {}


def test_claim_has_as_many_runs_as_were_begun(sandbox: str) -> None:
    trial = Trial(sandbox, "rxuniverse.races.two_runs")
    refused = httpx.post(f"{trial.url}/claim", json={"runs": [{"claim": "gone"}, {"claim": "gone"}]})
    assert refused.status_code == 409
    assert "the claim has 2 runs, and rxuniverse.races.two_runs was begun with 1" in refused.text


def delete_with(trial: Trial, token: str) -> int:
    """Delete the order of Exsited with a token, and return the status."""
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.delete(f"{trial.base}/api/v3/orders/{trial.gives['order']}", headers=headers).status_code


def renew(trial: Trial) -> str:
    """Get a new token from Exsited."""
    names = ("client_id", "client_secret", "redirect_uri")
    body = {"grant_type": "client_credentials", **{name: trial.gives[name] for name in names}}
    token: str = httpx.post(f"{trial.base}/api/v1/oauth2/token", json=body).json()["access_token"]
    return token


def test_expired_token_is_to_be_renewed_and_the_order_deleted_with_the_new_one(sandbox: str) -> None:
    trial = Trial(sandbox, "exsited.credentials.expired")
    assert delete_with(trial, trial.gives["token"]) == 401
    assert trial.claim("unknown")["renew_credential"].endswith("the client did not renew the credential")
    halfway = Trial(sandbox, "exsited.credentials.expired")
    delete_with(halfway, halfway.gives["token"])
    renew(halfway)
    assert halfway.claim("unknown")["renew_credential"].endswith(
        "the client did not delete the order with the new credential"
    )
    whole = Trial(sandbox, "exsited.credentials.expired")
    delete_with(whole, whole.gives["token"])
    assert delete_with(whole, renew(whole)) == 204
    assert whole.claim("gone") == {}


def test_credential_that_is_refused_for_good_is_not_to_be_renewed_for_ever(sandbox: str) -> None:
    trial = Trial(sandbox, "exsited.credentials.revoked")
    token = trial.gives["token"]
    for _ in range(6):
        assert delete_with(trial, token) == 401
        token = renew(trial)
    assert trial.claim("refused") == {"bounded": "renewed the credential 6 times, more than 5"}


def test_new_token_is_a_secret_too(sandbox: str) -> None:
    trial = Trial(sandbox, "exsited.credentials.expired")
    delete_with(trial, trial.gives["token"])
    token = renew(trial)
    httpx.get(
        f"{trial.base}/api/v3/orders/{trial.gives['order']}?token={token}", headers={"Authorization": f"Bearer {token}"}
    )
    delete_with(trial, token)
    assert trial.claim("gone") == {"secrets": "call 3 has a credential in the query parameter token"}
    assert token not in str(trial.verdict)


def test_crash_and_uncaught_exception_are_found(sandbox: str) -> None:
    trial = Trial(sandbox, "rxuniverse.answers.cancelled")
    trial.delete()
    assert trial.claim(None, crash="ended by SIGSEGV") == {"no_crash": "ended by SIGSEGV"}
    other = Trial(sandbox, "rxuniverse.answers.not_found")
    other.delete()
    assert other.claim("unknown", uncaught="ValueError: no").keys() == {"no_uncaught_exception"}


def test_processes_make_both_runs_themselves(sandbox: str) -> None:
    trial = Trial(sandbox, "rxuniverse.races.two_runs", processes=True)
    assert len(trial.beginning["gives"]) == 2
    both = [threading.Thread(target=trial.delete) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    for claims, broken in ((("refused", "refused"), {"no_false_claim"}),):
        runs = [{"claim": claim, "started": 0, "ended": 500} for claim in claims]
        verdict = httpx.post(f"{trial.url}/claim", json={"runs": runs}).json()
        VERDICT.validate(verdict)
        assert {finding["requirement"] for finding in verdict["findings"]} == broken


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("GET", "scenarios?vendor=alephe", None, 400, "unknown vendor 'alephe'"),
        ("GET", "scenarios?vendr=alephee", None, 400, "vendr"),
        ("POST", "scenarios/alephee.lost.hung/begin", {}, 404, "did you mean alephee.lost.hang?"),
        ("POST", "scenarios/nobody.lost.hang/begin", {}, 404, "expected one of: alephee"),
        ("POST", "scenarios/alephee.lost.hang/begin", {"timeout_seconds": 0}, 400, "timeout_seconds"),
        ("POST", "scenarios/alephee.lost.hang/begin", {"timeout": 5}, 400, "Unknown field"),
        ("POST", "scenarios/alephee.lost.hang/claim", {"claim": "gone"}, 409, "no scenario was begun here"),
        ("POST", "scenarios/alephee.lost.hang/claim", {"claim": "done"}, 400, "gone, refused, unknown"),
        ("POST", "scenarios/alephee.lost.hang/claim", {}, 400, "gone, refused, unknown"),
        ("POST", "scenarios/alephee.lost.hang/claim", {"runs": []}, 400, "runs"),
        ("POST", "scenarios/alephee.lost.hang/claim", {"claim": "gone", "started": -1}, 400, "started"),
    ],
)
def test_wrong_call_is_refused_with_what_would_be_right(
    sandbox: str, method: str, path: str, body: Any, status: int, words: str
) -> None:
    reply = httpx.request(method, f"{sandbox}/_rescind/{path}", json=body)
    assert reply.status_code == status
    assert words in reply.text


def test_scenario_ends_with_its_claim_and_with_the_beginning_of_another(sandbox: str) -> None:
    trial = Trial(sandbox, "alephee.answers.deleted")
    trial.claim("unknown")
    assert httpx.post(f"{trial.url}/claim", json={"claim": "unknown"}).status_code == 409
    Trial(sandbox, "alephee.answers.forbidden")
    late = httpx.post(f"{trial.url}/claim", json={"claim": "unknown"})
    assert late.status_code == 409
    assert "alephee.answers.forbidden was begun here" in late.text


def test_wrong_claim_does_not_end_a_scenario(sandbox: str) -> None:
    trial = Trial(sandbox, "alephee.answers.deleted")
    assert httpx.post(f"{trial.url}/claim", json={"claim": "maybe"}).status_code == 400
    trial.delete()
    assert trial.claim("gone") == {}
