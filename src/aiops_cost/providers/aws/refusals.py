"""What AWS refuses, as a problem with a way out: which action, on what, for whom, and what to type.

Nothing of a request is repeated here, so no key or token can be; of an answer, only its code and AWS's own sentence.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aiops_cost.errors import AiopsError, ProviderError, UserError
from aiops_cost.model import Problem

if TYPE_CHECKING:
    from aiops_cost.providers.aws.account import Account

LEDGER_STAYS = "Nothing was loaded; the ledger is as it was."
_DENIED = {"AccessDenied", "AccessDeniedException", "AllAccessDisabled", "403", "UnauthorizedOperation", "Forbidden"}
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
_WRONG_KEYS = {
    "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "InvalidClientTokenId",
    "UnrecognizedClientException", "InvalidSignatureException", "MissingAuthenticationToken", "AuthFailure",
}  # fmt: skip
_THROTTLED = {
    "SlowDown", "Throttling", "ThrottlingException", "ThrottledException", "RequestLimitExceeded",
    "TooManyRequestsException",
    "LimitExceededException", "RequestThrottled", "BandwidthLimitExceeded", "PriorRequestNotComplete",
}  # fmt: skip
_ELSEWHERE = {"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "301", "307"}
_NO_KEYS = {
    "NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "SSOTokenLoadError",
    "UnauthorizedSSOTokenError", "TokenRetrievalError", "NoAuthTokenError", "MetadataRetrievalError", "SSOError",
    "LoginRefreshRequired", "LoginTokenLoadError",
}  # fmt: skip
_UNREACHED = {
    "EndpointConnectionError", "ConnectTimeoutError", "ReadTimeoutError", "ConnectionClosedError", "HTTPClientError",
    "ProxyConnectionError", "SSLError", "ConnectionError", "IncompleteReadError", "ResponseStreamingError",
}  # fmt: skip


def explained(error: Exception, account: Account, action: str, resource: str) -> AiopsError | None:
    """What to raise for an error of boto3; None for one that is not boto3's."""
    from botocore.exceptions import BotoCoreError, ClientError

    if isinstance(error, ClientError):
        return _answered(error, account, action, resource)
    if not isinstance(error, BotoCoreError):
        return None
    kinds = {kind.__name__ for kind in type(error).__mro__}
    name, said = account.source.name, _sentence(str(error))
    if "ProfileNotFound" in kinds:
        profile = account.source.settings.get("profile", "")
        return UserError(
            Problem("aws-profile", name, said, f"See:  aws configure list-profiles  (the source says `{profile}`)")
        )
    if kinds & _NO_KEYS:
        return ProviderError(
            Problem("aws-credentials-missing", name, f"there are no credentials to ask AWS with ({said})",
                    f"Sign in (aws sso login, aws configure), or name a `profile` at the source. {LEDGER_STAYS}")
        )  # fmt: skip
    if kinds & _UNREACHED:
        return ProviderError(
            Problem("aws-unreachable", name, f"AWS was not reached: {said}",
                    f"{LEDGER_STAYS} Check the network, the proxy (HTTPS_PROXY) and `region`, and try again.")
        )  # fmt: skip
    return ProviderError(Problem("aws-refused", name, f"{action} on {resource}: {said}", f"{LEDGER_STAYS} See doctor:\n"
                                 f"  aiops-cost doctor {name}"))  # fmt: skip


def _answered(error: Any, account: Account, action: str, resource: str) -> AiopsError:
    """AWS answered, and the answer was no."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    said = _sentence(str(error.response.get("Error", {}).get("Message", "")))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if error.operation_name == "AssumeRole":
        action, resource = "sts:AssumeRole", account.source.settings.get("role_arn", "the role")
    if code.startswith("KMS.") or "kms:" in said:
        return _locked(account, resource, code, said)
    for codes, sentence in _ANSWERS:
        if code in codes or (str(status) in codes and code in {"", "Unknown"}):
            return sentence(account, action, resource, code, said)
    if status == 403:
        return _denied(account, action, resource, code, said)
    if status >= 500:
        return _throttled(account, action, resource, code, said)
    return ProviderError(
        Problem("aws-refused", account.source.name, f"{action} on {resource} was refused ({code}): {said}",
                f"{LEDGER_STAYS} What may be done, and what is missing:\n  aiops-cost doctor {account.source.name}")
    )  # fmt: skip


def _denied(account: Account, action: str, resource: str, code: str, said: str) -> AiopsError:
    name, who = account.source.name, account.identity() or "the identity that asks"
    named = re.search(r"perform: (\S+?:\w+)", said)
    details = (f"AWS says: {said}",) if named or "deny" in said.lower() else ()
    return ProviderError(
        Problem("aws-access-denied", name, f"{who} may not do {named[1] if named else action} on {resource} ({code})",
                f"{LEDGER_STAYS} Allow it{_ROLE if action == 'sts:AssumeRole' else ''}; the policy that this source\n"
                f"needs is printed by:  aiops-cost doctor {name} --print policy", details=details)
    )  # fmt: skip


_ROLE = " in the role's trust policy too, with the `external_id` that the source names"


def _locked(account: Account, resource: str, code: str, said: str) -> AiopsError:
    name, who = account.source.name, account.identity() or "the identity that asks"
    key = re.search(r"arn:[\w-]+:kms:[\w:/-]+", said)
    return ProviderError(
        Problem("aws-key-refused", name,
                f"{resource} is encrypted with {f'the key {key[0]}' if key else 'a KMS key'}, and {who} may not use it"
                f" ({code})",
                f"{LEDGER_STAYS} Allow kms:Decrypt on that key, in the key's policy and for the identity.")
    )  # fmt: skip


def _expired(account: Account, _action: str, _resource: str, code: str, _said: str) -> AiopsError:
    return ProviderError(
        Problem("aws-credentials-expired", account.source.name, f"the credentials have expired ({code})",
                f"{LEDGER_STAYS} Sign in again (aws sso login, or new session credentials), and try again.")
    )  # fmt: skip


def _wrong_keys(account: Account, _action: str, _resource: str, code: str, _said: str) -> AiopsError:
    return ProviderError(
        Problem("aws-credentials-wrong", account.source.name, f"AWS does not accept the credentials ({code})",
                f"See which are used:  aws sts get-caller-identity\nand name a `profile` at the source. {LEDGER_STAYS}")
    )  # fmt: skip


def _throttled(account: Account, action: str, resource: str, code: str, _said: str) -> AiopsError:
    return ProviderError(
        Problem("aws-throttled", account.source.name,
                f"AWS did not answer {action} on {resource}, after many tries ({code or 'server error'})",
                f"{LEDGER_STAYS} What was downloaded is kept. Type the command again in some minutes.")
    )  # fmt: skip


def _no_bucket(account: Account, _action: str, resource: str, _code: str, _said: str) -> AiopsError:
    return ProviderError(
        Problem("aws-bucket-missing", account.source.name,
                f"there is no bucket `{resource.rpartition(':')[2].split('/')[0]}`",
                f"Check `location` in the configuration. What exports there are, and where they go:\n"
                f"  aiops-cost doctor {account.source.name}")
    )  # fmt: skip


def _elsewhere(account: Account, _action: str, resource: str, code: str, said: str) -> AiopsError:
    region = re.search(r"expecting '([\w-]+)'", said)
    return ProviderError(
        Problem("aws-region", account.source.name, f"{resource} is in another region ({code})",
                f"Write at the source:  region: {region[1] if region else 'REGION'}\n"
                f"{LEDGER_STAYS} The bucket's region:  aws s3api get-bucket-location --bucket NAME")
    )  # fmt: skip


def _archived(account: Account, _action: str, resource: str, _code: str, _said: str) -> AiopsError:
    return ProviderError(
        Problem("aws-archived", account.source.name, f"{resource} has been moved to an archive and cannot be read",
                f"Restore it (aws s3api restore-object), or take the export out of the lifecycle rule.\n"
                f"{LEDGER_STAYS} Other months:  aiops-cost pull {account.source.name} --period MONTH")
    )  # fmt: skip


def _gone(account: Account, _action: str, resource: str, code: str, _said: str) -> AiopsError:
    return ProviderError(
        Problem("aws-moved", account.source.name, f"{resource} was replaced or removed while it was read ({code})",
                f"A delivery is under way. {LEDGER_STAYS} Type the command again in some minutes.")
    )  # fmt: skip


_ANSWERS: tuple[tuple[set[str], Callable[[Account, str, str, str, str], AiopsError]], ...] = (
    ({"NoSuchBucket"}, _no_bucket),
    (_EXPIRED, _expired),
    (_WRONG_KEYS, _wrong_keys),
    (_THROTTLED, _throttled),
    (_ELSEWHERE, _elsewhere),
    ({"InvalidObjectState"}, _archived),
    ({"PreconditionFailed", "NoSuchKey", "NoSuchVersion", "412", "404"}, _gone),
    (_DENIED, _denied),
)
"""First that fits."""


def _sentence(said: str) -> str:
    """AWS's words as one short line of printable text, addresses without what was asked of them."""
    line = re.sub(r"(https?://[^\s\"?]*)\?[^\s\"]*", r"\1", " ".join(said.split()))
    return "".join(c for c in line if c.isprintable())[:300].rstrip(".")
