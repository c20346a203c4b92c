"""Every operation of the audit API.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from .artists import ArtistsOperations
from .audit_events import AuditEventsOperations
from .audits import AuditsOperations
from .batches import BatchesOperations
from .c2pa import C2paOperations
from .cases import CasesOperations
from .comparisons import ComparisonsOperations
from .exports import ExportsOperations
from .health import HealthOperations
from .keys import KeysOperations
from .log import LogOperations
from .members import MembersOperations
from .notices import NoticesOperations
from .policies import PoliciesOperations
from .record_events import RecordEventsOperations
from .records import RecordsOperations
from .retention import RetentionOperations
from .tenants import TenantsOperations
from .tracks import TracksOperations
from .uploads import UploadsOperations
from .verify import VerifyOperations
from .webhooks import WebhooksOperations


class Operations(
    AuditsOperations,
    AuditEventsOperations,
    BatchesOperations,
    CasesOperations,
    ComparisonsOperations,
    NoticesOperations,
    PoliciesOperations,
    RetentionOperations,
    ExportsOperations,
    TenantsOperations,
    TracksOperations,
    UploadsOperations,
    RecordsOperations,
    RecordEventsOperations,
    C2paOperations,
    ArtistsOperations,
    LogOperations,
    KeysOperations,
    MembersOperations,
    WebhooksOperations,
    HealthOperations,
    VerifyOperations,
):
    """Every operation, as a method under its id."""
