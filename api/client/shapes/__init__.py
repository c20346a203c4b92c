"""What answers and requests hold.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from .artists import ArtistAnswer, ConsentAnswer, ConsentList, EnrolmentAnswer, ReadLine, ReadList
from .audit_events import AuditEventAnswer
from .audits import (
    AuditAnswer,
    Change,
    CredentialsFound,
    Decision,
    Findings,
    Fired,
    MatchFound,
    Media,
    MessageFound,
    Part,
    Searched,
    TagSaid,
    TagsFound,
    WatermarkFound,
)
from .batches import BatchAnswer, BatchResult
from .c2pa import Algorithm, Algorithms, Capabilities, LookupAnswer, Match, Matches
from .cases import CaseAnswer, StepAnswer, StepList
from .comparisons import Compared, ComparisonAnswer, FileSent
from .exports import ExportAnswer
from .health import Health
from .keys import (
    CallerAnswer,
    KeyAnswer,
    NewKeyAnswer,
    PublishedKey,
    PublishedKeys,
    Scope,
    ServerAnswer,
    TokenAnswer,
)
from .log import HashPath, KeyEventList, LoggedKeyEvent
from .members import MemberAnswer
from .music import Exhibit, Family, Miss, MusicFound, Proposition
from .notices import (
    DueAnswer,
    ElementAnswer,
    Elements,
    FormAnswer,
    FormList,
    NoticeAnswer,
    NoticeStepAnswer,
    NoticeStepList,
)
from .originality import Dimension, NearTrack, OriginalityFound
from .ownership import Claim, MarkBeside, Ownership, TrackHeard
from .policies import ActivationAnswer, ChangeAnswer, OutcomeAnswer, PolicyAnswer, PolicyText, TrialAnswer
from .record_events import EventAnswer, EventLine, EventList
from .records import Publication, RecordAnswer, RecordLine
from .retention import HoldAnswer, RetentionAnswer
from .shared import (
    Alignment,
    Outline,
    Problem,
    Role,
    Said,
    Scored,
    Shared,
    Signature,
    SignedEnvelope,
    Stretch,
)
from .tenants import TenantAnswer
from .tracks import TrackAnswer
from .uploads import UploadAnswer
from .verify import PublicClaim, PublicClaims, VerifiedClaim, VerifiedReport
from .voice import ArtistHeard, ErrorRate, VoiceFound, VoiceStretch
from .webhooks import DeliveryAnswer, NewWebhookAnswer, WebhookAnswer

JobAnswer = (
    AuditAnswer | BatchAnswer | ComparisonAnswer | EnrolmentAnswer | ExportAnswer | LookupAnswer | TrackAnswer
)
"""What `Client.wait` follows until it has ended."""

__all__ = [
    "ActivationAnswer",
    "Algorithm",
    "Algorithms",
    "Alignment",
    "ArtistAnswer",
    "ArtistHeard",
    "AuditAnswer",
    "AuditEventAnswer",
    "BatchAnswer",
    "BatchResult",
    "CallerAnswer",
    "Capabilities",
    "CaseAnswer",
    "Change",
    "ChangeAnswer",
    "Claim",
    "Compared",
    "ComparisonAnswer",
    "ConsentAnswer",
    "ConsentList",
    "CredentialsFound",
    "Decision",
    "DeliveryAnswer",
    "Dimension",
    "DueAnswer",
    "ElementAnswer",
    "Elements",
    "EnrolmentAnswer",
    "ErrorRate",
    "EventAnswer",
    "EventLine",
    "EventList",
    "Exhibit",
    "ExportAnswer",
    "Family",
    "FileSent",
    "Findings",
    "Fired",
    "FormAnswer",
    "FormList",
    "HashPath",
    "Health",
    "HoldAnswer",
    "JobAnswer",
    "KeyAnswer",
    "KeyEventList",
    "LoggedKeyEvent",
    "LookupAnswer",
    "MarkBeside",
    "Match",
    "MatchFound",
    "Matches",
    "Media",
    "MemberAnswer",
    "MessageFound",
    "Miss",
    "MusicFound",
    "NearTrack",
    "NewKeyAnswer",
    "NewWebhookAnswer",
    "NoticeAnswer",
    "NoticeStepAnswer",
    "NoticeStepList",
    "OriginalityFound",
    "OutcomeAnswer",
    "Outline",
    "Ownership",
    "Part",
    "PolicyAnswer",
    "PolicyText",
    "Problem",
    "Proposition",
    "PublicClaim",
    "PublicClaims",
    "Publication",
    "PublishedKey",
    "PublishedKeys",
    "ReadLine",
    "ReadList",
    "RecordAnswer",
    "RecordLine",
    "RetentionAnswer",
    "Role",
    "Said",
    "Scope",
    "Scored",
    "Searched",
    "ServerAnswer",
    "Shared",
    "Signature",
    "SignedEnvelope",
    "StepAnswer",
    "StepList",
    "Stretch",
    "TagSaid",
    "TagsFound",
    "TenantAnswer",
    "TokenAnswer",
    "TrackAnswer",
    "TrackHeard",
    "TrialAnswer",
    "UploadAnswer",
    "VerifiedClaim",
    "VerifiedReport",
    "VoiceFound",
    "VoiceStretch",
    "WatermarkFound",
    "WebhookAnswer",
]
