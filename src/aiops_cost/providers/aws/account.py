"""Who asks AWS: sessions and clients of one source, by the ordinary chain of credentials, in a role if one is named."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any

from aiops_cost.errors import AiopsError
from aiops_cost.model import Source
from aiops_cost.providers.aws import refusals

if TYPE_CHECKING:
    import boto3

ATTEMPTS = 12
"""Tries of one call. With the standard mode's jittered back-off (at most 20 s a wait) they outlast a minute of
throttling; AWS_MAX_ATTEMPTS, AWS_RETRY_MODE and the profile's settings go before."""
HOME = "us-east-1"
"""Where the billing APIs live, and where a session without a region begins."""


class Account:
    """The AWS side of a source. Clients may be used by several threads."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._lock = Lock()
        self._clients: dict[tuple[str, str | None, bool], Any] = {}

    def client(self, service: str, region: str | None = None, patient: bool = True) -> Any:
        """A client of a service. `patient` ones retry for a minute; the others give up at once, for side questions."""
        key = (service, region, patient)
        with self._lock, self.asking("sts:AssumeRole", self.source.settings.get("role_arn", "")):
            if key not in self._clients:
                self._clients[key] = self._session.client(
                    service,  # type: ignore[call-overload]
                    region_name=region or self._session.region_name or HOME,
                    config=self._config(patient),
                )
        return self._clients[key]

    @contextmanager
    def asking(self, action: str, resource: str) -> Iterator[None]:
        """Turn what boto3 raises inside into a problem with a way out; `action` is the IAM action that is used on
        `resource` (an ARN, or words). Raises ProviderError, and UserError for what only the configuration can cure."""
        try:
            yield
        except AiopsError:
            raise
        except Exception as error:
            found = refusals.explained(error, self, action, resource)
            if found is None:
                raise
            raise found from None

    def identity(self) -> str | None:
        """The ARN that asks (before it takes on a role, where it may not); None where that cannot be learned."""
        from botocore.exceptions import BotoCoreError, ClientError

        for session in (self._session, self._own):
            try:
                client = session.client("sts", region_name=session.region_name or HOME, config=self._config(False))
                return str(client.get_caller_identity()["Arn"])
            except (BotoCoreError, ClientError):
                continue
        return None

    def whoami(self) -> str:
        """The ARN that asks. Raises ProviderError."""
        with self.asking("sts:GetCallerIdentity", "*"):
            return str(self.client("sts", patient=False).get_caller_identity()["Arn"])

    @property
    def home(self) -> str:
        """The region of the billing APIs; China has its own."""
        return "cn-northwest-1" if self.partition == "aws-cn" else HOME

    @property
    def partition(self) -> str:
        """`aws`, `aws-cn` or `aws-us-gov`: the second word of ARNs."""
        region = self.source.settings.get("region", "")
        if region.startswith("us-gov-"):
            return "aws-us-gov"
        return "aws-cn" if region.startswith("cn-") else "aws"

    @cached_property
    def _own(self) -> boto3.Session:
        import boto3

        settings = self.source.settings
        return boto3.Session(profile_name=settings.get("profile"), region_name=settings.get("region"))

    @cached_property
    def _session(self) -> boto3.Session:
        role = self.source.settings.get("role_arn")
        return _in_role(self._own, role, self.source.settings.get("external_id")) if role else self._own

    def _config(self, patient: bool) -> Any:
        from botocore.config import Config

        said = "AWS_MAX_ATTEMPTS" in os.environ or "AWS_RETRY_MODE" in os.environ
        if not patient:
            return Config(retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=5, read_timeout=10)
        retries: Any = None if said else {"mode": "standard", "total_max_attempts": ATTEMPTS}
        return Config(retries=retries, connect_timeout=10, read_timeout=60, max_pool_connections=32)


def _in_role(base: boto3.Session, role: str, external_id: str | None) -> boto3.Session:
    """A session in a role, with credentials that are taken anew before they expire."""
    import boto3
    import botocore.session
    from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
    from botocore.exceptions import NoCredentialsError

    own = base.get_credentials()
    if own is None:
        raise NoCredentialsError
    said = {"RoleSessionName": "aiops-cost", **({"ExternalId": external_id} if external_id else {})}

    def client(*names: Any, **how: Any) -> Any:
        return base.client(*names, **{"region_name": base.region_name or HOME, **how})

    fetcher = AssumeRoleCredentialFetcher(client, own, role, extra_args=said)
    inner = botocore.session.Session()
    inner._credentials = DeferredRefreshableCredentials(  # type: ignore[attr-defined]
        method="assume-role", refresh_using=fetcher.fetch_credentials
    )
    return boto3.Session(botocore_session=inner, region_name=base.region_name)
